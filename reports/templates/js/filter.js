// Which findings fit the filters. All work is on tables and index columns, so that 100,000 rows are quick.

const SEARCHED = ["message", "repository", "tag", "digest", "registry", "account", "region", "file", "prefix", "waiver", "settle"];

function emptyFilters() {
  return { statuses: new Set(), severities: new Set(), rule: "", repository: "", scope: "", framework: "", text: "", fresh: false, used: false };
}

// Indexes of the findings that fit, in the order of the results.
function selectFindings(store, filters) {
  const { columns } = store;
  const rules = ruleMask(store, filters);
  const repositories = filters.repository ? matches(store.folded("repository"), filters.repository.toLowerCase()) : null;
  const scope = filters.scope ? store.scopes.names.indexOf(filters.scope) : -1;
  const terms = filters.text.toLowerCase().split(/\s+/).filter(Boolean).map((term) => termMasks(store, term));
  const statuses = filters.statuses.size ? mask(store.statuses, filters.statuses) : null;
  const severities = filters.severities.size ? mask(store.severities, filters.severities) : null;
  const found = [];
  for (let i = 0; i < store.n; i += 1) {
    if (statuses && !statuses[columns.status[i]]) continue;
    if (severities && !severities[columns.severity[i]]) continue;
    if (rules && !rules[columns.rule[i]]) continue;
    if (repositories && !repositories[columns.repository[i]]) continue;
    if (scope >= 0 && store.scopes.of[i] !== scope) continue;
    if (filters.fresh && columns.baseline[i]) continue;
    if (filters.used && !columns.used[i]) continue;
    if (terms.every((term) => fits(store, term, i))) found.push(i);
  }
  return found;
}

function mask(names, wanted) {
  return Uint8Array.from(names, (name) => (wanted.has(name) ? 1 : 0));
}

function matches(texts, term) {
  return Uint8Array.from(texts, (text) => (text.includes(term) ? 1 : 0));
}

function ruleMask(store, filters) {
  if (!filters.rule && !filters.framework) return null;
  const [framework, control] = splitControl(filters.framework);
  return Uint8Array.from(store.rules, (rule) => {
    if (filters.rule && rule.id !== filters.rule) return 0;
    if (!framework) return 1;
    const link = rule.frameworks.find(([name]) => name === framework);
    return link && (!control || link[1].includes(control)) ? 1 : 0;
  });
}

// "soc2" or "soc2\tCC6.1": a tab cannot be in either part, the report shows it as an escape.
function splitControl(value) {
  const cut = value.indexOf("\t");
  return cut < 0 ? [value, ""] : [value.slice(0, cut), value.slice(cut + 1)];
}

function termMasks(store, term) {
  const masks = SEARCHED.map((name) => [store.columns[name], matches(store.folded(name), term)]);
  masks.push([store.columns.rule, matches(store.folded("rule"), term)]);
  const paths = matches(store.folded("path"), term);
  const values = matches(store.folded("value"), term);
  const evidence = Uint8Array.from(store.tables.evidence, (flat) => {
    for (let i = 0; i < flat.length; i += 2) if (paths[flat[i]] || values[flat[i + 1]]) return 1;
    return 0;
  });
  masks.push([store.columns.evidence, evidence]);
  return { term, masks: masks.filter(([, hit]) => hit.includes(1)) };
}

function fits(store, { term, masks }, index) {
  for (const [column, hit] of masks) if (column[index] >= 0 && hit[column[index]]) return true;
  return store.ids[index].includes(term);
}

// Groups of the found findings: [{label, rows, fail}], the most failures first. By framework, a finding is in several.
function groupFindings(store, found, by) {
  const groups = new Map();
  const put = (label, index) => {
    if (!groups.has(label)) groups.set(label, { label, rows: [], fail: 0, unknown: 0, waived: 0, pass: 0 });
    const group = groups.get(label);
    group.rows.push(index);
    group[store.status(index)] += 1;
  };
  for (const index of found) for (const label of labels(store, index, by)) put(label, index);
  const list = [...groups.values()];
  if (by === "severity") return list;
  const place = (group) => store.columns.rule[group.rows[0]];
  if (by === "rule") return list.sort((a, b) => place(a) - place(b)); // the page's own order: the worst first
  return list.sort((a, b) => b.fail - a.fail || b.unknown - a.unknown || (a.label < b.label ? -1 : 1));
}

function labels(store, index, by) {
  if (by === "severity") return [store.severity(index)];
  if (by === "repository") return [store.text("repository", index) || "no repository"];
  const rule = store.rule(index);
  if (by === "rule") return [`${rule.id} ${rule.title}`];
  const named = rule.frameworks.map(([name]) => frameworkTitle(store, name));
  return named.length ? named : ["no framework"];
}

function frameworkTitle(store, name) {
  const found = store.frameworks.find(([id]) => id === name);
  return found ? found[1] : name;
}
