// Reads the findings out of the page: base64, zlib, JSON, then columns of indexes into tables.

async function readPayload() {
  const text = document.getElementById("payload").textContent.trim();
  const packed = atob(text);
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i += 1) bytes[i] = packed.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

class Store {
  constructor(document) {
    this.n = document.n;
    this.tables = document.tables;
    this.rules = document.rules;
    this.statuses = document.statuses;
    this.severities = document.severities;
    this.frameworks = document.frameworks;
    this.ids = document.columns.id;
    this.columns = {};
    for (const [name, values] of Object.entries(document.columns)) {
      const numeric = values.length === 0 || typeof values[0] === "number";
      this.columns[name] = numeric ? Int32Array.from(values) : values;
    }
    this.scopes = this.#scopes();
    this.lower = new Map();
  }

  // The text of a column for one finding.
  text(name, index) {
    return this.tables[name][this.columns[name][index]];
  }

  status(index) {
    return this.statuses[this.columns.status[index]];
  }

  severity(index) {
    return this.severities[this.columns.severity[index]];
  }

  rule(index) {
    return this.rules[this.columns.rule[index]];
  }

  resourceId(index) {
    const prefix = this.text("prefix", index);
    if (!prefix.endsWith("*")) return prefix;
    const digest = this.text("digest", index);
    return prefix.slice(0, -1) + this.text("repository", index) + (digest ? `@${digest}` : "");
  }

  // `[[path, value], ...]`
  evidence(index) {
    const flat = this.text("evidence", index);
    const pairs = [];
    for (let i = 0; i < flat.length; i += 2) pairs.push([this.tables.path[flat[i]], this.tables.value[flat[i + 1]]]);
    return pairs;
  }

  waiver(index) {
    const place = this.columns.waiver[index];
    if (place < 0) return null;
    const [id, reason, owner, expires, ticket] = this.tables.waiver[place];
    return { id, reason, owner, expires, ticket };
  }

  // Where to find a finding by its id; -1 for none.
  find(id) {
    return this.ids.indexOf(id);
  }

  // A table in lower case, made when it is first searched.
  folded(name) {
    if (!this.lower.has(name)) {
      const rows = name === "rule" ? this.rules.map((rule) => `${rule.id} ${rule.title}`) : this.tables[name];
      this.lower.set(name, rows.map((row) => (Array.isArray(row) ? row.join(" ") : row).toLowerCase()));
    }
    return this.lower.get(name);
  }

  // Distinct (account, region), and for each finding which one it has.
  #scopes() {
    const names = new Map();
    const of = new Int32Array(this.n);
    for (let i = 0; i < this.n; i += 1) {
      const name = [this.text("account", i), this.text("region", i)].filter(Boolean).join(" / ");
      if (!names.has(name)) names.set(name, names.size);
      of[i] = names.get(name);
    }
    return { names: [...names.keys()], of };
  }
}
