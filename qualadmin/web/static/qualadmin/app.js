// What the pages do beyond plain HTML. Everything works without this file; nothing here decides anything.
const root = document.documentElement;
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const grouped = (number) => number.toLocaleString("en");
root.dataset.js = "";

// --- htmx: the token travels in a header; polling says that nobody clicked ------------------------------------
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = one('meta[name="csrf-token"]')?.content ?? "";
  if (event.detail.elt?.matches?.("[data-poll]")) event.detail.headers["HX-Polling"] = "true";
});
// A hidden tab asks nothing.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.matches("[data-poll]")) event.preventDefault();
});
function trouble(text) {
  const place = one("#trouble");
  if (!place) return;
  one("p", place).textContent = text;
  place.hidden = false;
}
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (event.detail.elt.matches("[data-poll]") && status >= 500) {
    trouble("The server does not answer just now. The work goes on; this page tries again.");
  } else {
    trouble(`This part of the page could not be shown (answer ${status}). Load the page again to see why.`);
  }
});
document.addEventListener("htmx:sendError", () => {
  trouble("There is no connection to the server. What you see may be out of date.");
});
document.addEventListener("htmx:afterRequest", (event) => {
  const place = one("#trouble");
  if (event.detail.successful && place) place.hidden = true;
});

// --- theme: shown at once, kept by the server -------------------------------------------------------------------
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-theme-form]")) return;
  event.preventDefault();
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  const body = new FormData(form);
  body.set("theme", root.dataset.theme);
  fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
});

// --- a form is sent once ----------------------------------------------------------------------------------------
// The server answers a second click with the first result; this only keeps the second click from looking possible.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("data-hx-post")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "true";
  for (const button of all("button:not([type=button])", form)) button.setAttribute("aria-disabled", "true");
});
addEventListener("pageshow", () => {
  for (const form of all("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of all("button[aria-disabled]", form)) button.removeAttribute("aria-disabled");
  }
});

// --- copying ----------------------------------------------------------------------------------------------------
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    say("The browser did not allow copying. Select the text instead.");
    return;
  }
  button.classList.add("done");
  say(`Copied ${button.dataset.copy}`);
  setTimeout(() => button.classList.remove("done"), 1500);
});
function say(text) {
  const place = one("#say");
  if (place) place.textContent = text;
}

// --- selecting rows: the boxes belong to the form #selection -----------------------------------------------------
function showSelection(aloud) {
  const bar = one("#selection");
  if (!bar) return;
  const boxes = all("[data-row]");
  const ticked = boxes.filter((box) => box.checked).length;
  const page = one("[data-all-rows]");
  page.checked = ticked > 0 && ticked === boxes.length;
  page.indeterminate = ticked > 0 && !page.checked;
  const matching = one("[data-matching]", bar);
  if (matching) {
    matching.checked &&= page.checked;
    one("[data-matching-label]", bar).hidden = !page.checked;
  }
  bar.hidden = !ticked;
  const place = one("[data-chosen]", bar);
  place.textContent = `${matching?.checked ? `All ${place.dataset.all}` : grouped(ticked)} selected`;
  if (aloud) say(place.textContent);
}
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all-rows]")) {
    for (const box of all("[data-row]")) box.checked = event.target.checked;
  }
  if (event.target.matches("[data-all-rows], [data-row], [data-matching]")) showSelection(true);
});
document.addEventListener("htmx:afterSwap", () => showSelection(false));
addEventListener("pageshow", () => showSelection(false)); // after "back" the boxes are as they were left

// --- counting while typing: ids in a box, characters against a limit ----------------------------------------------
function countIds(box) {
  // Lines first, then commas, semicolons and tabs: "worker 7" is one faulty entry, not two.
  const ids = box.value.split(/[\n\r,;\t]+/).map((id) => id.trim()).filter(Boolean);
  const unique = new Set(ids.map((id) => id.toUpperCase())).size;
  const place = document.getElementById(box.dataset.countIds);
  if (place) place.textContent = ids.length ? `${grouped(unique)} unique of ${grouped(ids.length)} pasted` : "No IDs yet";
}
function countCharacters(box) {
  const place = document.getElementById(box.dataset.countCharacters);
  const left = Number(box.dataset.limit) - [...box.value].length;
  if (place) place.textContent = left >= 0 ? `${grouped(left)} characters left` : `${grouped(-left)} characters too many`;
}
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-count-ids]")) countIds(event.target);
  if (event.target.matches("[data-count-characters]")) countCharacters(event.target);
});

// --- dropping a file on the upload box ------------------------------------------------------------------------------
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const area = event.target.closest?.("[data-drop]");
    if (!area) return;
    event.preventDefault();
    area.classList.toggle("over", kind === "dragover");
    const input = one("input[type=file]", area);
    if (kind === "drop" && event.dataTransfer.files.length) {
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
}

// --- filling in the demo's sign-in ----------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill-username]");
  if (!button) return;
  one("#id_username").value = button.dataset.fillUsername;
  one("#id_password").value = button.dataset.fillPassword;
  one("#sign-in-button")?.focus();
});

// --- menus close as people expect -----------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  if (menu) {
    menu.open = false;
    one("summary", menu).focus();
  }
});

// --- keyboard shortcuts, unless switched off in the profile -----------------------------------------------------------
let waitsForGo = false;
function moveRow(step) {
  const rows = all("[data-keys] :is(tbody tr, li)");
  if (!rows.length) return;
  const here = rows.findIndex((row) => row.classList.contains("current"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, here + step))];
  rows[here]?.classList.remove("current");
  next.classList.add("current");
  (one("a", next) ?? next).focus();
  next.scrollIntoView({ block: "nearest" });
}
// The control of a key is clicked, unless a field of its form is still empty that should be filled in first.
function follow(key) {
  const control = one(`[data-key="${CSS.escape(key)}"]`);
  const first = document.getElementById(control?.dataset.keyFirst ?? "");
  if (first && !first.value) first.focus();
  else control?.click();
  return Boolean(control);
}
function press(key) {
  if (waitsForGo) {
    waitsForGo = false;
    one(`[data-go="${CSS.escape(key)}"]`)?.click();
    return true;
  }
  if (key === "g") {
    waitsForGo = true;
    setTimeout(() => { waitsForGo = false; }, 1500);
  } else if (key === "/") one("#site-search")?.select();
  else if (key === "j" && one("[data-keys]")) moveRow(1);
  else if (key === "k" && one("[data-keys]")) moveRow(-1);
  else if (key === "x") (one("tr.current [data-row]") ?? one("tr:focus-within [data-row]"))?.click();
  else if (key === "?") one("#keys")?.showModal();
  else return follow(key);
  return true;
}
document.addEventListener("keydown", (event) => {
  if (!root.dataset.shortcuts || event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog")) return;
  if (press(event.key)) event.preventDefault();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  if (event.target.closest("[data-print]")) print();
});

// --- once per page ------------------------------------------------------------------------------------------------------
// Older browsers can't be told by the stylesheet to show what a closed fold holds.
if (!CSS.supports("selector(::details-content)") && matchMedia("(min-width: 56.01rem)").matches) {
  for (const fold of all("details.fold")) fold.open = true;
}
for (const box of all("[data-count-ids]")) countIds(box);
for (const box of all("[data-count-characters]")) countCharacters(box);
showSelection(false);
one("#error-summary")?.focus();
