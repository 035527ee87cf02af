// The filter form: fills its choices, reads them, and shows how many are set.

const MANY = 1000;

function checkbox(name, value, label) {
  return make("label", { class: `check ${value}` }, make("input", { type: "checkbox", name, value }), label);
}

function option(value, text) {
  return make("option", { value, text });
}

function fillControls(store) {
  const present = (column, names) => names.filter((_, place) => store.columns[column].includes(place));
  const by = (id) => document.getElementById(id);
  for (const name of present("status", store.statuses)) by("by-status").append(checkbox("status", name, statusMark(name)));
  for (const name of present("severity", store.severities)) by("by-severity").append(checkbox("severity", name, severityChip(name)));
  const used = new Set(store.columns.rule);
  const rules = store.rules.filter((_, place) => used.has(place)).sort((a, b) => (a.id < b.id ? -1 : 1));
  by("rule").append(option("", "any"), ...rules.map((rule) => option(rule.id, `${rule.id} ${brief(rule.title, 80)}`)));
  by("scope").append(option("", "any"), ...store.scopes.names.filter(Boolean).sort().map((name) => option(name, brief(name, 80))));
  by("framework").append(option("", "any"), ...store.frameworks.map(([id, title]) => controlsOf(store, id, title)));
  by("repositories").append(...[...store.tables.repository].filter(Boolean).sort().slice(0, MANY).map((name) => option(brief(name, 300), "")));
  by("fresh-label").hidden = !store.columns.baseline.includes(1);
  by("used-label").hidden = !store.columns.used.includes(1);
}

function controlsOf(store, framework, title) {
  const controls = new Set(store.rules.flatMap((rule) => rule.frameworks.filter(([name]) => name === framework).flatMap(([, list]) => list)));
  const sorted = [...controls].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return make("optgroup", { label: title }, option(framework, `${title}: all`), ...sorted.map((control) => option(`${framework}\t${control}`, `${framework} ${control}`)));
}

function checked(name) {
  return new Set([...document.querySelectorAll(`#filters input[name="${name}"]:checked`)].map((box) => box.value));
}

function readControls() {
  const value = (id) => document.getElementById(id).value;
  return {
    statuses: checked("status"),
    severities: checked("severity"),
    rule: value("rule"),
    repository: value("repository").trim(),
    scope: value("scope"),
    framework: value("framework"),
    text: value("text").trim(),
    fresh: document.getElementById("fresh").checked,
    used: document.getElementById("used").checked,
  };
}

function countActive(filters) {
  const set = [filters.statuses.size, filters.severities.size, filters.rule, filters.repository, filters.scope, filters.framework, filters.fresh, filters.used];
  return set.filter(Boolean).length;
}

// Sets the form to show one status or one rule, and nothing else.
function presetControls({ status = "", rule = "" }) {
  document.getElementById("filters").reset();
  for (const box of document.querySelectorAll('#filters input[name="status"]')) box.checked = box.value === status;
  const select = document.getElementById("rule");
  if (rule) select.value = rule;
}

function describeFilters(filters) {
  const parts = [];
  if (filters.statuses.size) parts.push(`status ${[...filters.statuses].join(" or ")}`);
  if (filters.severities.size) parts.push(`severity ${[...filters.severities].join(" or ")}`);
  for (const name of ["rule", "repository", "scope"]) if (filters[name]) parts.push(`${name} ${filters[name]}`);
  if (filters.framework) parts.push(`framework ${splitControl(filters.framework).filter(Boolean).join(" ")}`);
  if (filters.text) parts.push(`text “${filters.text}”`);
  if (filters.fresh) parts.push("new since the baseline");
  if (filters.used) parts.push("in use");
  return parts.join(", ");
}
