// Draws one page of findings or groups. Text goes in through textContent only.

const PAGE = 100;
const LONG = 240;
const GLYPHS = { fail: "✕", unknown: "?", waived: "–", pass: "✓" };

function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "text") element.textContent = value;
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function severityChip(name) {
  return make("span", { class: `severity ${name}`, text: name });
}

function statusMark(name) {
  return make("span", { class: `status ${name}` }, make("span", { class: "glyph", "aria-hidden": "true", text: GLYPHS[name] ?? "·" }), name);
}

function brief(text, limit = LONG) {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

function shortDigest(digest) {
  return digest.startsWith("sha256:") ? digest.slice(0, 19) : brief(digest, 40);
}

function whereText(store, index) {
  const repository = store.text("repository", index);
  const tag = store.text("tag", index);
  if (!repository) {
    const file = store.text("file", index);
    const line = store.columns.line[index];
    return file ? `${file}${line ? `:${line}` : ""}` : store.resourceId(index);
  }
  return tag ? `${repository}:${tag}` : repository;
}

function drawRow(store, index, open) {
  const rule = store.rule(index);
  const id = `finding-${store.ids[index]}`;
  const digest = store.text("digest", index);
  const scope = store.scopes.names[store.scopes.of[index]];
  const button = make("button", { type: "button", class: "open", "aria-expanded": String(open), "aria-controls": `detail-${index}`, text: brief(store.text("message", index)) });
  const marks = make("small", {}, make("code", { text: rule.id }), ` ${brief(rule.title, 120)}`);
  if (store.columns.baseline[index]) marks.append(" ", make("span", { class: "tag", text: "known" }));
  if (store.columns.used[index]) marks.append(" ", make("span", { class: "tag used", text: "in use" }));
  const where = make("td", { role: "cell", class: "where" }, make("span", { class: "name", text: brief(whereText(store, index), 120) }));
  const under = [digest ? shortDigest(digest) : "", brief(scope, 80)].filter(Boolean).join(" · ");
  if (under) where.append(make("small", { text: under }));
  const row = make("tr", { role: "row", class: `finding ${store.severity(index)}`, id, "data-index": index },
    make("td", { role: "cell" }, severityChip(store.severity(index))),
    make("td", { role: "cell" }, statusMark(store.status(index))),
    make("td", { role: "cell", class: "what" }, button, marks),
    where);
  return row;
}

function drawDetailRow(store, index) {
  const cell = make("td", { role: "cell", colspan: "4" }, drawDetail(store, index));
  return make("tr", { role: "row", class: "detail", id: `detail-${index}` }, cell);
}

function drawGroup(group, place, open) {
  const tally = ["fail", "unknown", "waived", "pass"].filter((name) => group[name]).map((name) => make("span", { class: name, text: `${group[name].toLocaleString("en")} ${name}` }));
  const button = make("button", { type: "button", class: "fold", "aria-expanded": String(open), "data-group": place }, make("span", { class: "name", text: brief(group.label, 160) }), make("span", { class: "tally" }, ...tally));
  return make("tr", { role: "row", class: "group" }, make("td", { role: "cell", colspan: "4" }, button));
}

// The lines of the list: a finding's index, or -1 - place for a group's heading.
function listLines(found, groups, opened) {
  if (!groups) return found;
  const lines = [];
  groups.forEach((group, place) => {
    lines.push(-1 - place);
    if (opened.has(group.label)) for (const index of group.rows) lines.push(index);
  });
  return lines;
}
