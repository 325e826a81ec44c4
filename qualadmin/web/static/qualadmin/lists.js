// The pages of the main job: small comforts. Everything works without this file; the server decides.
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// --- choosing a type fills in the score it usually gets, unless somebody wrote one ------------------------------
for (const form of all("form[data-fill-score]")) {
  const score = form.querySelector("input[name=score]");
  const type = form.querySelector("select[name=type]");
  if (!score || !type) continue;
  let filled = score.value === "";
  const fill = () => {
    const { score: usual } = type.selectedOptions[0]?.dataset ?? {};
    if (filled) score.value = usual ?? "";
  };
  score.addEventListener("input", () => { filled = score.value === ""; });
  type.addEventListener("change", fill);
  fill();
}

// --- how many workers the ticked statuses leave --------------------------------------------------------------------
for (const place of all("[data-count-statuses]")) {
  const boxes = all(`input[name="${place.dataset.countStatuses}"]`);
  const sets = all("[data-set]", place).map((set) => ({
    count: Number(set.dataset.set),
    statuses: all("span", set).map((status) => status.textContent),
  }));
  const count = () => {
    const ticked = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const left = sets.filter((set) => set.statuses.some((status) => ticked.has(status)));
    const workers = left.reduce((sum, set) => sum + set.count, 0);
    place.querySelector("b").textContent = `${workers.toLocaleString("en")} workers are left`;
  };
  for (const box of boxes) box.addEventListener("change", count);
  count();
}

// --- progress is said aloud at most every five seconds; the end is said at once --------------------------------------
let saidAt = 0;
let saidText = "";
document.addEventListener("htmx:afterSwap", () => {
  const progress = document.getElementById("progress");
  const place = document.getElementById("say");
  if (!progress || !place) return;
  const text = progress.dataset.announce;
  const ended = !progress.hasAttribute("data-poll");
  if (text === saidText || (!ended && Date.now() - saidAt < 5000)) return;
  [saidAt, saidText] = [Date.now(), text];
  place.textContent = text;
});
