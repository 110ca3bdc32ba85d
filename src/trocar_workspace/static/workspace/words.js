// Everything the page says, in Chinese and English. Messages of the library arrive in both.

const WORDS = {
  workspace: ["计划工作台", "planning workspace"],
  tools: ["修改工具", "tools"],
  back: ["← 返回计划任务", "← Planning task"],
  undo: ["撤销", "Undo"],
  redo: ["重做", "Redo"],
  "add-seed": ["加粒子", "Add seed"],
  "drop-seed": ["去粒子", "Drop seed"],
  "add-needle": ["加针", "Add needle"],
  "remove-needle": ["去针", "Remove needle"],
  stock: ["粒子", "Seeds"],
  window: ["窗", "Window"],
  soft: ["软组织", "Soft tissue"],
  lung: ["肺", "Lung"],
  bone: ["骨", "Bone"],
  "help-button": ["用法", "Help"],
  language: ["English", "中文"],
  save: ["保存为新计划", "Save as new plan"],
  transverse: ["横断面", "Transverse"],
  coronal: ["冠状面", "Coronal"],
  sagittal: ["矢状面", "Sagittal"],
  space: ["三维", "3-D"],
  goals: ["剂量目标", "Goals"],
  histogram: ["剂量体积直方图", "Dose-volume histogram"],
  needles: ["穿刺针", "Needles"],
  structures: ["结构", "Structures"],
  worth: ["稳健性与生物有效剂量", "Robustness and biology"],
  "worth-button": ["计算", "Compute"],
  "worth-running": ["正在计算 {share} %", "Computing {share} %"],
  "worth-failed": ["未能计算：", "Could not be computed: "],
  "worth-old": ["以下结果属于修改之前的计划。", "This is of the plan before the latest changes."],
  "worth-covered": ["D90 达到处方的概率 {percent} ± {error} %（{versions} 种情形）", "D90 reaches the prescription in {percent} ± {error} % of {versions} versions"],
  quantity: ["指标", "quantity"],
  median: ["中位数", "median"],
  range: ["5%–95%", "5 to 95 %"],
  chance: ["达标概率 %", "met in %"],
  "worth-needle": ["{number} 号针影响最大：涉及 D90 方差的 {percent} %；若其粒子全部缺失，D90 为 {gy} Gy。", "Needle {number} matters most: {percent} % of the variance of D90; without its seeds D90 would be {gy} Gy."],
  implant: ["植入 Gy", "implant Gy"],
  external: ["外照射 Gy", "external Gy"],
  disclaimer: [
    "科研与质量保证软件，不是获得注册的医疗器械；剂量由 TG-43 计算，签字人员的专业判断不可替代。",
    "Research and quality-assurance software, not a certified medical device; doses by TG-43. Nothing here replaces the judgement of those who sign.",
  ],
  goal: ["目标", "goal"],
  now: ["当前", "now"],
  before: ["原计划", "before"],
  number: ["针", "no."],
  hole: ["孔位", "hole"],
  depth: ["深度 mm", "depth mm"],
  seeds: ["粒子", "seeds"],
  nearest: ["最近的危险结构", "nearest obstacle"],
  seed: ["粒子", "seed"],
  needle: ["针", "needle"],
  count: ["{needles} 针，{seeds} 粒", "{needles} needles, {seeds} seeds"],
  made: ["已修改 {n} 处", "{n} changes"],
  opening: ["正在打开影像与计划…", "Opening images and plan …"],
  "no-seed": ["请先点选一粒粒子。", "Select a seed first."],
  "no-needle": ["请先点选一根针。", "Select a needle first."],
  perpendicular: [
    "此针几乎垂直于本平面，无法在这里沿针拖动；请在另一平面拖动，或用方向键。",
    "This needle runs across the plane; drag the seed in another plane, or use the arrow keys.",
  ],
  "needle-entry": ["请点选进针点（皮肤）。", "Click where the needle enters the skin."],
  "needle-tip": ["请在任一平面点选针尖。", "Click where the tip shall lie, in any plane."],
  "needle-hole": ["请点选针尖；针将穿过最近的模板孔。", "Click where the tip shall lie; the needle takes the nearest hole."],
  refused: ["不能这样修改：", "Not possible: "],
  saving: ["正在保存", "Saving"],
  saved: ["已保存：", "Saved: "],
  "not-saved": ["未保存：", "Not saved: "],
  lost: ["与服务程序的连接中断；修改仍在本页，恢复后可继续。", "The connection is lost; your changes are still in this page."],
  prescription: ["处方剂量", "prescription"],
  dose: ["剂量 Gy", "dose Gy"],
  volume: ["体积 %", "volume %"],
  must: ["必须", "must"],
  wish: ["期望", "wish"],
  isodoses: ["等剂量线", "Isodose lines"],
  help: [
    `<ul><li>点击：十字线移到该处，其他平面随之；滚轮换层，Ctrl+滚轮缩放，中键或空格拖动平移，右键拖动调窗。</li>
     <li>拖动粒子：沿针移动，剂量与目标随手更新；方向键 ±1 mm，Shift 为 ±5 mm。双击针上某处加一粒，Delete 去掉选中的粒子。</li>
     <li>拖动针尖方块：改变针向；Alt+拖动针：整针连同粒子平移（有模板时按孔移动）。</li>
     <li>不能植入的修改会被拒绝并说明理由；Ctrl+Z 撤销，Ctrl+Y 重做。保存时按写出的文件独立复算，不一致则不保存。</li></ul>`,
    `<ul><li>Click: the cross-hair goes there and the other planes follow; wheel for slices, Ctrl+wheel zooms, middle button or space drags the picture, right button the window.</li>
     <li>Drag a seed along its needle: dose and goals follow; arrow keys move it ±1 mm, with Shift ±5 mm. Double-click on a needle adds a seed, Delete drops the selected one.</li>
     <li>Drag the square at the tip to turn a needle; Alt+drag shifts a needle with its seeds (by holes where there is a template).</li>
     <li>What cannot be implanted is refused with the reason. Ctrl+Z undoes, Ctrl+Y redoes. On saving, the written files are computed again; if they disagree nothing is kept.</li></ul>`,
  ],
};

// The record keeps the reader's language in a cookie; alone, the page remembers it by itself.
const chosen = document.cookie.match(/trocar_language=(\w+)/)?.[1] || localStorage.getItem("trocar-language") || navigator.language;
let language = chosen.startsWith("zh") ? "zh" : "en";

export const spoken = () => language;

export function speak(wanted) {
  language = wanted;
  localStorage.setItem("trocar-language", wanted);
}

/** A text of the page, its {fields} filled. */
export function say(key, fields = {}) {
  const text = WORDS[key]?.[language === "zh" ? 0 : 1] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => fields[name] ?? "");
}

/** A message of the library, which arrives as {zh, en}. */
export const told = (message) => message?.[language] ?? message?.en ?? "";
