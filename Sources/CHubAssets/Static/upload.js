// Looks into an adapter before it is sent, and sends it with a bar for each file.
const form = document.querySelector("[data-upload]");
const drop = form.querySelector("[data-drop]");
const input = form.querySelector("input[type=file]");
const list = form.querySelector("[data-files]");
const status = form.querySelector("[data-status]");
const button = form.querySelector("[data-send]");
const limit = Number(form.dataset.limit);
let chosen = new Map();

// MARK: Choosing

input.addEventListener("change", () => choose([...input.files].map((file) => [file.name, file])));

for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
drop.addEventListener("drop", async (event) => {
  event.preventDefault();
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  // One folder is the adapter itself: its name is no part of the paths.
  const isFolder = entries.length === 1 && entries[0].isDirectory;
  const found = (await Promise.all(entries.map((entry) => files(entry, "")))).flat();
  choose(found.map(([path, file]) => [isFolder ? path.slice(entries[0].name.length + 1) : path, file]));
});

/** All files below what was dropped, with their paths. */
async function files(entry, folder) {
  const path = folder + entry.name;
  if (entry.isFile) return [[path, await new Promise((done, fail) => entry.file(done, fail))]];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return found;
    for (const child of some) if (!child.name.startsWith(".")) found.push(...(await files(child, `${path}/`)));
  }
}

async function choose(pairs) {
  for (const [path, file] of pairs) chosen.set(path, file);
  chosen = new Map([...chosen].sort(([a], [b]) => (a < b ? -1 : 1)));
  form.querySelector("[data-findings]").hidden = chosen.size === 0;
  list.replaceChildren(...[...chosen].map(([path, file]) => row(path, file)));
  input.removeAttribute("required");
  await inspect();
}

function row(path, file) {
  const item = element("li", "card");
  item.dataset.path = path;
  const head = element("div", "spread");
  const name = element("h3", "", path);
  const remove = element("button", "button small", "Leave out");
  remove.type = "button";
  remove.setAttribute("aria-label", `Leave out ${path}`);
  remove.addEventListener("click", () => {
    chosen.delete(path);
    item.remove();
    form.querySelector("[data-findings]").hidden = chosen.size === 0;
    inspect();
  });
  const right = element("span", "row");
  right.append(element("span", "quiet small-text number-left", size(file.size)), remove);
  head.append(name, right);
  const bar = element("progress");
  bar.max = Math.max(1, file.size);
  bar.value = 0;
  bar.hidden = true;
  bar.setAttribute("aria-label", `Sent of ${path}`);
  item.append(head, element("p", "quiet small-text"), bar);
  return item;
}

// MARK: Looking into files

/** Says of each file what it is, and what is wrong with it. */
async function inspect() {
  let problems = 0;
  const has = (test) => [...chosen.keys()].some(test);
  for (const [path, file] of chosen) {
    let text = "";
    let isBad = false;
    try {
      if (file.size > limit) throw new Error(`larger than ${size(limit)}: push it from a shell`);
      if (/(^|\/)adapter_config\.json$/.test(path)) text = await configuration(file);
      else if (path.endsWith(".safetensors")) text = await safetensors(file);
      else if (/\.(bin|pt|pth|pkl)$/.test(path)) text = "a pickle: the hub reads it without running it; safetensors is better";
    } catch (error) {
      text = error.message;
      isBad = true;
      problems += 1;
    }
    const line = list.querySelector(`li[data-path="${CSS.escape(path)}"] p`);
    if (!line) continue;
    line.textContent = text;
    line.className = isBad ? "notice bad" : "quiet small-text";
  }
  const missing = [];
  if (chosen.size && !has((path) => /(^|\/)adapter_config\.json$/.test(path))) missing.push("no adapter_config.json among them");
  if (chosen.size && !has((path) => /\.(safetensors|bin|pt)$/.test(path))) missing.push("no weights among them");
  status.textContent = [problems ? `${problems} problem${problems > 1 ? "s" : ""}` : "", ...missing].filter(Boolean).join("; ");
}

async function configuration(file) {
  if (file.size > 1 << 20) throw new Error("longer than 1 MB: no configuration");
  let json;
  try {
    json = JSON.parse(await file.text());
  } catch {
    throw new Error("not valid JSON");
  }
  if (json === null || typeof json !== "object" || Array.isArray(json)) throw new Error("not a JSON object");
  const inner = json.config ?? json;
  const method = json.peft_type ?? inner.architecture ?? (inner.reduction_factor ? "bottleneck" : undefined);
  const base = json.base_model_name_or_path ?? json.model_name;
  const facts = [];
  if (method) facts.push(`method ${String(method).toLowerCase()}`);
  if (inner.r) facts.push(`rank ${inner.r}`);
  if (inner.reduction_factor) facts.push(`reduction ${typeof inner.reduction_factor === "object" ? "by layer" : inner.reduction_factor}`);
  if (base) facts.push(`on ${base}`);
  if (!method && !base) throw new Error("says neither a method nor a base model: is it an adapter's?");
  return facts.join(", ");
}

async function safetensors(file) {
  if (file.size < 8) throw new Error("too short to be a safetensors file");
  const view = new DataView(await file.slice(0, 8).arrayBuffer());
  const length = Number(view.getBigUint64(0, true));
  if (length < 2 || length > 100_000_000 || length + 8 > file.size) throw new Error("its header is longer than the file: damaged or cut off");
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(await file.slice(8, 8 + length).arrayBuffer()));
  } catch {
    throw new Error("its header is not valid JSON");
  }
  const bytes = { F64: 8, I64: 8, U64: 8, F32: 4, I32: 4, U32: 4, F16: 2, BF16: 2, I16: 2, U16: 2, I8: 1, U8: 1, BOOL: 1, F8_E4M3: 1, F8_E5M2: 1 };
  const types = new Set();
  let parameters = 0;
  let end = 0;
  let count = 0;
  for (const [name, tensor] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const amount = (tensor.shape ?? []).reduce((a, b) => a * b, 1);
    const [from, to] = tensor.data_offsets ?? [];
    if (!Array.isArray(tensor.shape) || !(to >= from)) throw new Error(`the tensor ${name} has no shape or place`);
    if (bytes[tensor.dtype] && to - from !== amount * bytes[tensor.dtype]) throw new Error(`the tensor ${name} has another size than its shape`);
    parameters += amount;
    end = Math.max(end, to);
    types.add(tensor.dtype);
    count += 1;
  }
  if (!count) throw new Error("holds no tensor");
  if (8 + length + end !== file.size) throw new Error("is shorter or longer than its header says: damaged or cut off");
  return `${parameters.toLocaleString("en")} parameters in ${count} tensors, ${[...types].join(", ")}`;
}

// MARK: Sending

form.addEventListener("submit", async (event) => {
  if (!chosen.size) {
    event.preventDefault();
    status.textContent = "Choose files first";
    input.focus();
    return;
  }
  event.preventDefault();
  button.disabled = true;
  try {
    await send();
  } catch (error) {
    status.textContent = error.message;
    button.disabled = false;
  }
});

async function send() {
  const token = form.elements.csrf.value;
  const path = form.dataset.repository.split("/").map(encodeURIComponent).join("/");
  status.textContent = "Asking what is needed …";
  const question = { files: [...chosen].map(([path, file]) => ({ path, size: file.size, sample: "" })) };
  const answer = await fetch(`/api/models/${path}/preupload/main`, {
    method: "POST", body: JSON.stringify(question),
    headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
  });
  const plan = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(plan.error ?? `The hub says no (${answer.status})`);
  const large = plan.files.find((file) => file.uploadMode === "lfs");
  if (large) throw new Error(`${large.path} is too large for a browser: push it from a shell`);
  const ignored = new Set(plan.files.filter((file) => file.shouldIgnore).map((file) => file.path));

  // A commit is a line of JSON for each file. Content goes in by pieces of three bytes times n.
  const lines = [JSON.stringify({ key: "header", value: { summary: form.elements.title.value || "Upload files", description: "" } }) + "\n"];
  const spans = [];
  let total = lines[0].length;
  for (const [name, file] of chosen) {
    if (ignored.has(name)) continue;
    const start = total;
    const add = (text) => {
      lines.push(text);
      total += text.length;
    };
    add(`{"key":"file","value":{"encoding":"base64","path":${ascii(JSON.stringify(name))},"content":"`);
    const piece = 3 << 18;
    for (let offset = 0; offset < file.size; offset += piece) {
      status.textContent = `Reading ${name} …`;
      add(base64(new Uint8Array(await file.slice(offset, offset + piece).arrayBuffer())));
    }
    add(`"}}\n`);
    spans.push({ name, start, end: total, bar: list.querySelector(`li[data-path="${CSS.escape(name)}"] progress`) });
  }
  if (!spans.length) throw new Error("The rules of .gitignore leave out all of them");
  const body = new Blob(lines, { type: "application/x-ndjson" });
  await new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/models/${path}/commit/main`);
    request.setRequestHeader("X-CSRF-Token", token);
    request.setRequestHeader("Content-Type", "application/x-ndjson");
    request.upload.addEventListener("progress", (event) => {
      const sent = event.lengthComputable ? (event.loaded / event.total) * total : event.loaded;
      for (const { start, end, bar } of spans) {
        bar.hidden = false;
        bar.value = bar.max * Math.min(1, Math.max(0, (sent - start) / (end - start)));
      }
      status.textContent = `Sending: ${Math.floor((sent / total) * 100)} %`;
    });
    request.addEventListener("error", () => fail(new Error("The connection broke off: try again")));
    request.addEventListener("load", () => {
      if (request.status === 200) return done();
      let words = `The hub says no (${request.status})`;
      try {
        const json = JSON.parse(request.responseText);
        words = [json.error ?? words, ...(json.errors ?? []).map((error) => error.message)].join(": ");
      } catch { /* the status says enough */ }
      fail(new Error(words));
    });
    request.send(body);
  });
  status.textContent = "Done";
  location.assign(form.dataset.done);
}

// MARK: Small things

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function size(bytes) {
  for (const [unit, factor] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (bytes >= factor) return `${(bytes / factor).toFixed(1)} ${unit}`;
  }
  return `${bytes} bytes`;
}

function base64(bytes) {
  let text = "";
  for (let start = 0; start < bytes.length; start += 32_768) text += String.fromCharCode(...bytes.subarray(start, start + 32_768));
  return btoa(text);
}

/** JSON of one byte a character, so that counting is easy. */
function ascii(json) {
  return json.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
