// Ties the page together: theme, filters, list, deep links, keyboard, print.

const THEMES = ["auto", "light", "dark"];
const WAIT_MS = 90;
const by = (id) => document.getElementById(id);

const view = { store: null, filters: emptyFilters(), found: [], groups: null, opened: new Set(), expanded: new Set(), lines: [], page: 0 };

function refresh() {
  view.filters = readControls();
  view.found = selectFindings(view.store, view.filters);
  const group = by("group").value;
  view.groups = group === "none" ? null : groupFindings(view.store, view.found, group);
  view.page = 0;
  view.expanded.clear();
  draw();
}

function draw() {
  view.lines = listLines(view.found, view.groups, view.opened);
  const pages = Math.max(Math.ceil(view.lines.length / PAGE), 1);
  view.page = Math.min(Math.max(view.page, 0), pages - 1);
  const rows = [];
  for (const line of view.lines.slice(view.page * PAGE, (view.page + 1) * PAGE)) rows.push(...drawLine(line));
  by("rows").replaceChildren(...rows);
  by("none").hidden = view.lines.length > 0;
  by("pager").hidden = pages === 1;
  by("page").textContent = `Page ${(view.page + 1).toLocaleString("en")} of ${pages.toLocaleString("en")}`;
  by("previous").disabled = view.page === 0;
  by("next").disabled = view.page === pages - 1;
  by("fold").hidden = !view.groups;
  by("fold").textContent = view.opened.size ? "Close all groups" : "Open all groups";
  const active = countActive(view.filters);
  by("active").textContent = active ? ` (${active} set)` : "";
  by("count").textContent = countText();
}

function drawLine(line) {
  if (line < 0) {
    const group = view.groups[-1 - line];
    return [drawGroup(group, -1 - line, view.opened.has(group.label))];
  }
  const open = view.expanded.has(line);
  const row = drawRow(view.store, line, open);
  return open ? [row, drawDetailRow(view.store, line)] : [row];
}

function countText() {
  const found = view.found.length.toLocaleString("en");
  const all = view.store.n.toLocaleString("en");
  const groups = view.groups ? ` in ${view.groups.length.toLocaleString("en")} ${view.groups.length === 1 ? "group" : "groups"}` : "";
  return view.found.length === view.store.n ? `${all} findings${groups}` : `${found} of ${all} findings${groups}`;
}

function toggleRow(row, open) {
  const index = Number(row.dataset.index);
  const button = row.querySelector("button.open");
  const wanted = open ?? !view.expanded.has(index);
  const next = row.nextElementSibling;
  if (next?.classList.contains("detail")) next.remove();
  if (wanted) row.after(drawDetailRow(view.store, index));
  if (wanted) view.expanded.add(index);
  else view.expanded.delete(index);
  button.setAttribute("aria-expanded", String(wanted));
}

function toggleGroup(place) {
  const { label } = view.groups[place];
  if (!view.opened.delete(label)) view.opened.add(label);
  draw();
  by("rows").querySelector(`[data-group="${place}"]`)?.focus();
}

function turnPage(step) {
  view.page += step;
  draw();
  by("findings").scrollIntoView();
  by("rows").querySelector("button")?.focus({ preventScroll: true });
}

// Shows the finding that the address names, whatever the filters were.
function followLink() {
  const match = /^#finding-(.+)$/.exec(location.hash);
  if (!match) return;
  const index = view.store.find(decoded(match[1]));
  if (index < 0) {
    by("count").textContent = "The linked finding is not in this report.";
    return;
  }
  if (view.groups || !view.found.includes(index)) {
    by("filters").reset();
    refresh();
  }
  view.page = Math.floor(view.lines.indexOf(index) / PAGE);
  view.expanded.add(index);
  draw();
  const row = by("rows").querySelector(`tr[data-index="${index}"]`);
  row.scrollIntoView({ block: "start" });
  row.querySelector("button.open").focus({ preventScroll: true });
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not a link that this page made: looked up as it stands
  }
}

function onKey(event) {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    by("text").focus();
  } else if (event.key === "Escape") {
    escape(event.target);
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.matches("#rows button.open, #rows button.fold")) {
    event.preventDefault();
    const buttons = [...by("rows").querySelectorAll("button.open, button.fold")];
    buttons[buttons.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
  }
}

function escape(target) {
  if (target === by("text")) {
    by("text").value = "";
    refresh();
    return;
  }
  const row = target.closest("#rows tr");
  const owner = row?.classList.contains("detail") ? row.previousElementSibling : row;
  if (!owner?.classList.contains("finding")) return;
  toggleRow(owner, false);
  owner.querySelector("button.open").focus();
}

function onPage(event) {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches("button.open")) toggleRow(button.closest("tr"));
  else if (button.dataset.group !== undefined) toggleGroup(Number(button.dataset.group));
  else if (button.dataset.show || button.dataset.rule) {
    presetControls({ status: button.dataset.show, rule: button.dataset.rule });
    refresh();
    by("findings").scrollIntoView();
    by("findings").focus({ preventScroll: true });
  }
}

function startTheme() {
  const root = document.documentElement;
  const stored = remembered();
  const show = (theme) => {
    root.dataset.theme = theme;
    by("theme").textContent = `Theme: ${theme}`;
  };
  show(THEMES.includes(stored) ? stored : "auto");
  by("theme").addEventListener("click", () => {
    const theme = THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
    show(theme);
    remember(theme);
  });
}

// Some browsers refuse storage to files: the theme is then forgotten with the page, and nothing else.
function remembered() {
  try {
    return localStorage.getItem("registry-audit-theme");
  } catch {
    return null;
  }
}

function remember(theme) {
  try {
    localStorage.setItem("registry-audit-theme", theme);
  } catch {
    by("theme").title = "This browser does not keep the choice";
  }
}

function startPrint() {
  const fill = () => by("printed").replaceChildren(...drawPrinted(view.store, view.found, view.filters));
  const empty = () => by("printed").replaceChildren();
  addEventListener("beforeprint", fill);
  addEventListener("afterprint", empty);
  matchMedia("print").addEventListener("change", (event) => (event.matches ? fill() : empty()));
}

function startList() {
  let timer = 0;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, WAIT_MS);
  };
  by("filters").addEventListener("submit", (event) => event.preventDefault());
  by("filters").addEventListener("input", (event) => {
    if (event.target.id === "group") view.opened.clear();
    if (["text", "repository"].includes(event.target.id)) later();
    else refresh();
  });
  by("clear").addEventListener("click", () => {
    by("filters").reset();
    refresh();
  });
  by("fold").addEventListener("click", () => {
    if (view.opened.size) view.opened.clear();
    else for (const group of view.groups) view.opened.add(group.label);
    draw();
  });
  by("previous").addEventListener("click", () => turnPage(-1));
  by("next").addEventListener("click", () => turnPage(1));
  document.addEventListener("click", onPage);
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", followLink);
}

async function start() {
  startTheme();
  by("loading").hidden = false;
  try {
    view.store = new Store(await readPayload());
  } catch (error) {
    by("broken").textContent = `The findings in this file cannot be unpacked (${error.message}): the file is damaged, or the browser is older than 2023.`;
    by("broken").hidden = false;
    by("loading").hidden = true;
    return;
  }
  if (matchMedia("(max-width: 700px)").matches) by("more").open = false;
  fillControls(view.store);
  startList();
  startPrint();
  refresh();
  by("loading").hidden = true;
  by("browser").hidden = view.store.n === 0;
  by("nothing").hidden = view.store.n > 0;
  document.documentElement.dataset.ready = "1";
  followLink();
}

start();
