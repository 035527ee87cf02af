// The printed page has no controls: it lists the failures that fit the filters, up to a cap.

const PRINT_CAP = 200;
const PRINT_VALUE = 200;

function drawPrinted(store, found, filters) {
  const failures = found.filter((index) => store.status(index) === "fail");
  const shown = failures.slice(0, PRINT_CAP);
  const described = describeFilters(filters);
  const many = (number) => number.toLocaleString("en");
  const note = [`${many(failures.length)} failing ${failures.length === 1 ? "finding" : "findings"}${described ? ` with ${brief(described, 300)}` : ""}.`];
  if (shown.length < failures.length) note.push(`The first ${many(shown.length)} are printed; all are in the report itself and in its CSV.`);
  const list = make("ol");
  for (const index of shown) list.append(printedFinding(store, index));
  return [make("p", { class: "note", text: note.join(" ") }), list];
}

function printedFinding(store, index) {
  const rule = store.rule(index);
  const scope = store.scopes.names[store.scopes.of[index]];
  const digest = store.text("digest", index);
  const where = [whereText(store, index), digest, scope].filter(Boolean).map((text) => brief(text, 120)).join(" · ");
  const item = make("li", {},
    make("p", { class: "line" }, severityChip(store.severity(index)), " ", make("b", { text: brief(store.text("message", index), 400) })),
    make("p", {}, make("code", { text: rule.id }), ` ${where}${store.columns.used[index] ? " · in use" : ""}`));
  for (const [path, value] of store.evidence(index).slice(0, 3)) {
    item.append(make("p", {}, make("code", { text: `${brief(path, 120)} = ${brief(value, PRINT_VALUE)}` })));
  }
  item.append(make("p", {}, `Fix: ${brief(rule.fix, 300)} `, make("small", { text: store.ids[index] })));
  return item;
}
