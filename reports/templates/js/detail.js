// One finding in full: what, where, why, how to fix.

const MODES = {
  a: "Automatic: safe to apply, nobody's pull or push breaks.",
  c: "After confirmation: it can break a push or a pull, so look at the plan first.",
  m: "By hand: it needs a decision or a new build.",
};
const VALUE_SHOWN = 600;

function part(title, ...children) {
  return make("section", {}, make("h3", { text: title }), ...children);
}

function facts(pairs) {
  const list = make("dl", { class: "facts" });
  for (const [name, value] of pairs) {
    if (!value) continue;
    list.append(make("div", {}, make("dt", { text: name }), make("dd", {}, longText(value, "code"))));
  }
  return list;
}

// A text, cut with a button that shows the rest.
function longText(text, tag = "span") {
  const element = make(tag, { text: text.length > VALUE_SHOWN ? `${text.slice(0, VALUE_SHOWN)}…` : text });
  if (text.length <= VALUE_SHOWN) return element;
  const button = make("button", { type: "button", class: "quiet", text: `Show all ${text.length.toLocaleString("en")} characters` });
  button.addEventListener("click", () => {
    element.textContent = text;
    button.remove();
  });
  return make("span", { class: "long" }, element, " ", button);
}

function drawDetail(store, index) {
  const rule = store.rule(index);
  const box = make("div", { class: "detail-box" });
  const main = make("div", { class: "main" });
  const side = make("div", { class: "side" });
  main.append(part("What", make("p", {}, longText(store.text("message", index))), make("p", { class: "muted" }, make("b", { text: `${rule.title}. ` }), longText(rule.description))));
  main.append(evidencePart(store, index));
  const settle = store.text("settle", index);
  if (settle.length) main.append(part("What would settle it", make("p", { text: "The audit needs an answer to:" }), make("ul", {}, ...settle.map((call) => make("li", {}, longText(call, "code"))))));
  const action = store.text("action", index);
  const named = action && action !== "manual" ? [" Action: ", longText(action, "code")] : [];
  main.append(part("How to fix", make("p", {}, longText(rule.fix)), make("p", { class: "muted" }, MODES[store.columns.mode[index]], ...named)));
  const waiver = store.waiver(index);
  if (waiver) side.append(waiverPart(store, index, waiver));
  side.append(wherePart(store, index), frameworksPart(store, rule), identityPart(store, index));
  box.append(main, side);
  return box;
}

function evidencePart(store, index) {
  const pairs = store.evidence(index);
  if (!pairs.length) return part("Why", make("p", { class: "muted", text: "The rule gives no values for this verdict." }));
  const body = make("tbody");
  for (const [path, value] of pairs) {
    body.append(make("tr", {}, make("th", { scope: "row" }, longText(path, "code")), make("td", {}, longText(value, "code"))));
  }
  const head = make("thead", {}, make("tr", {}, make("th", { scope: "col", text: "In the snapshot" }), make("th", { scope: "col", text: "Value" })));
  return part("Why", make("table", { class: "evidence" }, head, body));
}

function wherePart(store, index) {
  const names = ["registry", "repository", "tag", "digest", "account", "region", "file"];
  const pairs = names.map((name) => [name, store.text(name, index)]);
  if (store.columns.line[index]) pairs.push(["line", String(store.columns.line[index])]);
  pairs.push(["id", store.resourceId(index)]);
  if (store.columns.used[index]) pairs.push(["in use", "yes: it runs, or is kept ready to run"]);
  return part(`Where: ${store.text("kind", index)}`, facts(pairs));
}

function frameworksPart(store, rule) {
  if (!rule.frameworks.length) return part("Frameworks", make("p", { class: "muted", text: "none" }));
  const list = make("ul", { class: "plain" });
  for (const [name, controls] of rule.frameworks) {
    const shown = controls.map((control) => (rule.indirect.includes(`${name}:${control}`) ? `${control} (indirect)` : control));
    list.append(make("li", {}, make("span", { text: `${frameworkTitle(store, name)}: ` }), make("code", { text: shown.join(", ") })));
  }
  return part("Frameworks", list);
}

function waiverPart(store, index, waiver) {
  const was = store.columns.was[index];
  return part("Waived", facts([["waiver", waiver.id], ["reason", waiver.reason], ["owner", waiver.owner], ["until", waiver.expires], ["ticket", waiver.ticket], ["without it", was]]));
}

function identityPart(store, index) {
  const id = store.ids[index];
  const code = make("code", { class: "id", text: id });
  const copy = make("button", { type: "button", class: "quiet copy", text: "Copy" });
  copy.addEventListener("click", async () => {
    copy.textContent = (await copyText(id, code)) ? "Copied" : "Press Ctrl+C";
  });
  const link = make("a", { href: `#finding-${encodeURIComponent(id)}`, text: "Link to this finding" });
  const known = store.columns.baseline[index] ? ", known from the baseline" : "";
  return part("Fingerprint", make("p", {}, code, " ", copy), make("p", { class: "muted", text: `First seen ${brief(store.text("seen", index).replace(/T(\d\d:\d\d):\d\d(?:\.\d+)?Z$/, " $1 UTC"), 60)}${known}` }), make("p", {}, link));
}

// Copies; where the browser refuses, selects the text so that the reader can.
async function copyText(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return document.execCommand("copy");
  }
}
