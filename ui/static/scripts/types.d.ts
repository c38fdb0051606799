/* What travels between the page and its server, and between the parts of the page. */

/** A run that is opened again: its results, and the editor as it was for them. own: begun in this browser. */
export interface OpenedRun { grid: Grid; photo: Photo; prompt: Prompt; jobs: Job[]; own: boolean }

/** A sentence in every language, by the languages' codes. */
export type Said = Record<string, string>;
export type Details = Record<string, unknown>;
export interface Problem { code: string; text?: string; said?: Said; details?: Details }
export type Refused = { ok: false; error: Problem | null };
export type Reply<T> = ({ ok: true } & T) | Refused;
export type ServerFunction<T = any> = (request: object) => Promise<Reply<T> | null>;
/** The server's functions, by name: as `ui/page/server_functions.py` lists them. */
export interface Server {
  open_photo: ServerFunction<Opened>;
  open_example: ServerFunction<Opened>;
  reopen_photo: ServerFunction<Opened>;
  continue_with: ServerFunction<Opened>;
  open_step: ServerFunction<Opened>;
  segment: ServerFunction<MaskReply>;
  mask: ServerFunction<{ url: string; rle: unknown }>;
  upload_mask: ServerFunction<{ upload: string; notes?: Said[]; readings?: MaskReading[] }>;
  export_case: ServerFunction<{ case: object }>;
  import_case: ServerFunction<{ prompts: Prompt; jobs?: Job[]; notes?: Said[] }>;
  detect: ServerFunction<{ detections: Detection[]; notes?: Said[] }>;
  erasers: ServerFunction<Catalogue>;
  weights: ServerFunction<{ weights: Record<string, Weight>; room: number }>;
  fetch_weights: ServerFunction<object>;
  new_run: ServerFunction<{ run: string; secret: string }>;
  stop: ServerFunction<object>;
  plan_sweep: ServerFunction<Plan>;
  go_on: ServerFunction<{ grid: Grid }>;
  open_run: ServerFunction<OpenedRun>;
  remark: ServerFunction<{ remark: string; remarks: EarlierRemark[] }>;
  keep_private: ServerFunction<{ private: boolean }>;
  delete_run: ServerFunction<object>;
  saving: ServerFunction<Saving>;
  rows: ServerFunction<{ tables: Table[]; rows: Row[]; given: GivenFolder[] }>;
  papers: ServerFunction<{ papers: PaperTable[] }>;
  systems: ServerFunction<Systems>;
  fetch_row: ServerFunction<object>;
  open_row: ServerFunction<OpenedRow>;
  given: ServerFunction<{ card: GivenCard }>;
  grids: ServerFunction<{ grids: Record<string, Grid> }>;
}
export type Upload = (file: File) => Promise<{ path: string }>;

/* ---- the catalogue ------------------------------------------------------------------------- */

export interface Weight {
  name: string;
  state: "ready" | "found" | "fetching" | "failed" | "absent" | "missing";
  size: number;
  done?: number;
  license?: string;
  error?: Problem | null;
  notice?: Problem | null;
}
/** Whatever has weights: an eraser, a segmenter, a detector. */
export interface Model {
  id: string;
  name: string;
  weights: Weight[];
  license?: string;
  available?: boolean;
  approximate?: boolean;
  why?: Said | null;
  no_fetch?: Said | null;
  obstacles?: { kind: string; text: Said }[];
}
export type SettingValue = string | number | boolean | null;
export interface Setting {
  name: string;
  kind: "bool" | "choice" | "text" | "int" | "float";
  default: SettingValue;
  description: Said;
  optional?: boolean;
  choices?: SettingValue[];
  max_length?: number | null;
  min?: number | null;
  max?: number | null;
  step?: number | null;
}
export type Settings = Record<string, SettingValue>;
export interface Eraser extends Model {
  summary: Said;
  paper: { url: string; title: string; year: number };
  notes: Said[];
  settings: Setting[];
  non_commercial?: boolean;
  /** The host of another machine that gets the photo; "": it stays here. */
  sends_to?: string;
  default?: boolean;
  preferred?: boolean;
  standing: "ready" | "to_fetch" | "too_large" | "no_weights" | "cannot";
  family: "classical" | "network" | "diffusion" | "transformer";
  /** Seconds that a job takes here: load, and step for each of its steps. measured: it has run here; else a guess. */
  pace: { load: number; step: number; steps: number; measured: boolean };
  /** Seconds of a lent GPU that a job takes: fixed, and step by step; within bounds. */
  gpu?: { fixed: number; step: number; steps: number; least: number; most: number } | null;
}
export interface Metric {
  id: string;
  name: Said;
  short: Said;
  unit: string;
  better: "higher" | "lower";
  needs: string;
  formula: Said;
  source?: { url: string; title: string; year: number } | null;
  missing?: Said | null;
}
/** What erasers made of the place of an example in an earlier run: small pictures of it. */
export interface Prepared { before: string; mask: string; results: { eraser: string; view: string }[] }
export interface Example { id: string; title: Said; credit: string; thumb: string; prepared: Prepared | null }
export interface Catalogue {
  erasers: Eraser[];
  segmenters: Model[];
  detectors?: Model[];
  examples: Example[];
  metrics?: Metric[];
  limits: { megabytes: number };
  /** Who is signed in, where one has to. */
  account?: string | null;
  device: { kind?: string; name: string; said?: Said };
}
export interface Job { eraser: string; settings: Settings; seed: number }
/** What is varied: every combination is a cell. name: ERASER.SETTING, "dilate" or "seed". */
export interface Sweep { axes: { name: string; values: SettingValue[] }[] }
/** What a sweep is before it is run: a run for each dilation; seconds: about, measured: not even partly a guess. */
export interface Plan { runs: { sweep: Sweep | null; cells: (Job & { axes: Settings })[] }[]; seconds: number; measured: boolean }
export type NamedJob = Job & { name: string };

/* ---- a photo, and what is pointed at on it -------------------------------------------------- */

export interface Size { width: number; height: number }
export interface Photo extends Size {
  id: string;
  name: string;
  view: string;
  growth: number;
  full?: string;
  alpha?: boolean;
  notes?: Said[];
  tiles: { url: string; side: number; levels: number };
  /** The erases by which it came of another photo: what each was made of, and the card whose result it is. */
  chain?: { photo: string; run: string; index: number; eraser: string; name: string }[];
}
export interface Opened { photo: Photo; prompt: Prompt | null }
/** Photo pixels. */
export interface Place { x: number; y: number }
/** label: 1 is on the object, 0 is not. */
export type Point = Place & { label: 0 | 1 };
/** Photo pixels; right and bottom exclusive. */
export interface Box { x0: number; y0: number; x1: number; y1: number }
export interface ObjectPrompt {
  points: Point[];
  box: Box | null;
  negative_boxes: Box[];
  level: number | null;
  on: boolean;
  view: number | null;
  label?: string;
}
/** A click, or a box that was drawn. What it means is decided by the server. near: the place, among the objects that are
 * sent, of the one that was being worked on. */
export interface Gesture {
  x?: number;
  y?: number;
  label?: 0 | 1;
  box?: Box;
  how: "meant" | "refine" | "join" | "new";
  near: number | null;
  view: number | null;
}
/** What a gesture was understood as; object, beside: places among all objects. */
export interface Understood { meant: "new" | "apart" | "refines" | "joins" | "excludes"; object: number; beside: number | null }
export interface Settled { objects: Partial<ObjectPrompt>[]; clicks: Understood[] }
export interface Stroke { points: [number, number][]; width: number; erase: boolean }
export interface Shape {
  dilate: number;
  dilate_unit: "px" | "%";
  fill_holes: boolean;
  drop_speckles: boolean;
  smooth: number;
  precision: number;
  invert: boolean;
}
/** What the user has pointed at: one immutable value. clicks: what the server has not yet made objects of. */
export interface Work { objects: ObjectPrompt[]; active: number; clicks: Gesture[]; strokes: Stroke[]; upload: string | null; shape: Shape }
/** The same as it comes from an example, a link or a file: whatever is left open has its usual value. */
export interface Prompt {
  objects?: Partial<ObjectPrompt>[];
  points?: Point[];
  box?: Box | null;
  level?: number | null;
  dilate?: number;
  active?: number;
  clicks?: Gesture[];
  strokes?: Stroke[];
  upload?: string | null;
  shape?: Partial<Shape>;
  words?: string | null;
}
export interface MaskReply {
  overlay: string;
  settled?: Settled | null;
  area: number;
  segmenter: string | null;
  approximate?: boolean;
  milliseconds: number;
  looks: string[];
  levels?: { area: number; score: number }[][];
  chosen: number[];
  hints?: { code: string }[];
  margin?: { width: number } | null;
}
/** A drawn answer: of which objects of the work, with how many strokes, how fine. */
export type Answer = MaskReply & { places: number[]; strokes: number; side: number };
export interface MaskReading { upload: string; thumb: string; said: Said; area: number }
export interface Detection { label: string; score: number; text_score?: number | null; box: Box; ticked: boolean }
/** What the stage shows, in shares of the photo. */
export interface Seen { x0: number; y0: number; x1: number; y1: number }

/* ---- results --------------------------------------------------------------------------------- */

export interface Reading { id: string; value: number; remark?: Said | null }
export type CardState = "queued" | "waiting" | "borrowing" | "loading" | "fetching" | "running" | "stopping" | "done" | "failed" | "stopped";
/** What stood beside a result before; at: seconds since the epoch, null where that is not known. */
export interface EarlierRemark { text: string; at: number | null }
/** One eraser's place in a run; what it has depends on its state. */
export interface Card {
  index: number;
  eraser: string;
  name: string;
  /** The name where the row says the rest of it. */
  brief?: string;
  state: CardState;
  view?: string | null;
  full?: string | null;
  close?: string | null;
  error?: Problem | null;
  notice?: Problem | null;
  notes?: Said[];
  result_notes?: Said[];
  readings?: Reading[] | null;
  settings?: Settings;
  /** Where it stands in a sweep; "photo" among several photos. */
  axes?: Settings;
  /** Its own run, and its place there, where several runs are shown as one table. */
  of?: { run: string; index: number; photo: Photo | null; mask: GridMask | null };
  seed?: number;
  remark?: string;
  /** Those before it, oldest first. */
  remarks?: EarlierRemark[];
  cached?: boolean;
  erase_seconds?: number;
  load_seconds?: number;
  peak_memory?: number;
  memory_kind?: string;
  changed_outside?: number;
  pieces?: number;
  ahead?: number;
  after?: number;
  step?: number;
  total?: number;
  done?: number;
  size?: number;
}
export interface GridMask {
  overlay?: string;
  area: number;
  box?: [number, number, number, number] | null;
  close?: { view: string; overlay: string; box: [number, number, number, number] } | null;
  notes?: Said[];
}
/** A run as the page draws it; it is sent whole, again and again. */
export interface Grid {
  run: string;
  state: "running" | "done" | "stopped" | "failed" | "finished";
  photo: Photo | null;
  mask: GridMask | null;
  cards: Card[];
  error?: Problem | null;
  judging?: boolean;
  zip?: string | null;
  seconds?: number;
  /** Whether its owner alone is shown it. */
  private?: boolean;
  /** What stands for the run in addresses, where that is more than its id. */
  shown?: string;
  /** The runs of which this is one table. */
  parts?: Grid[];
  /** It has not begun: those before it come first. */
  waits?: boolean;
}
/** A file made of a result. file: its name in addresses. holds, removed: kinds of metadata that are in it, and that are not any more. */
export interface Saving {
  offered: string[];
  file: string;
  holds: Said[];
  removed: Said[];
  facts: { format: string; size: number; samples_changed_outside: number; coefficients_changed_outside: number | null; notes: Said[] };
}
/** What is to be erased, as requests carry it. */
export interface Selection {
  photo: string;
  objects?: Partial<ObjectPrompt>[];
  strokes?: Stroke[];
  upload?: string | null;
  shape?: Shape;
  segmenter?: string | null;
  words?: string | null;
}
/** A run's request. */
export interface RunRequest extends Selection {
  run: string;
  secret: string;
  row?: string;
  jobs: Job[];
  sweep?: Sweep | null;
}
/** What the large view steps through; also pictures that no run has made. */
export interface ViewerCard { index: number; name: string; view?: string | null; full?: string | null; facts?: string; erase_seconds?: number; changed_outside?: number }
export interface ViewerGrid {
  run?: string;
  shown?: string;
  photo: { view: string; full?: string | null; width: number; height: number; alpha?: boolean; facts?: string };
  mask?: GridMask | null;
  cards: ViewerCard[];
}

/* ---- tables ---------------------------------------------------------------------------------- */

export interface RowPicture { small: string; large: string; here: boolean; host?: string }
export interface Row {
  id: string;
  table: string;
  number: number;
  title?: Said | null;
  problem?: Said | null;
  remark?: Said | null;
  method: string;
  eraser?: string | null;
  settings: Settings;
  settings_note?: Said | null;
  credit?: string | null;
  pictures: Record<string, RowPicture>;
  shares: string[];
  stand_ins: string[];
}
/** Results that were made elsewhere; why: what keeps them from being used. */
export interface GivenFolder {
  id: string;
  name: string;
  summary?: Said | null;
  license: string;
  non_commercial: boolean;
  paper?: { title: string; url: string; year: number } | null;
  notes: Said[];
  why?: Said | null;
}
/** What such a folder has for a row. */
export interface GivenCard {
  state: "done" | "absent" | "failed";
  error?: Problem | null;
  small?: string;
  large?: string;
  changed_outside?: number;
  result_notes?: Said[];
  readings?: Reading[];
}
export interface Table { id: string; title: Said; note: Said; document?: string | null }
export interface OpenedRow { photo: Photo; prompt: Prompt; jobs: Job[]; notes?: Said[] }
/** An eraser beside a row; ours: it is the row's own. */
export type RowEraser = Pick<Eraser, "id" | "name" | "weights" | "available" | "why" | "no_fetch"> & { ours?: boolean };
/** One eraser's result of a row: its card, and the run that it is of. */
export interface RowResult { grid: RowGrid; card: Card }
export type RowGrid = Pick<Grid, "run" | "cards"> & Partial<Grid>;
export interface PaperTable {
  paper: string;
  url: string;
  venue: string;
  table?: string | number | null;
  dataset: Said;
  source: Said;
  notes: Said[];
  metrics: { name: string; better: "higher" | "lower" }[];
  rows: { method: string; of: string; values: (number | string | null)[] }[];
  best: number[][];
}
export interface System {
  document: string;
  state: string;
  name: string;
  url: string;
  what: Said;
  why?: Said | null;
  checked?: boolean;
  eraser?: string | null;
  runs_as?: string;
}
export interface Systems { systems: System[]; states: Record<string, Said>; documents: Record<string, { title: Said; url?: string | null }> }

/* ---- the page --------------------------------------------------------------------------------- */

export type Sentences = Record<string, string | { counted: string; forms: string[]; of?: string }>;
export interface Language {
  code: string;
  tag: string;
  name: string;
  plurals: Record<string, number>;
  /** That one may switch to it. */
  hint?: string;
  /** Those of the shown language come by themselves. of: the language of a sentence that this one lacks. */
  sentences?: Sentences;
}
/** Which tab is open, which of the tables' views, and which row is to be seen. */
/** Whose rows are shown: those of the documents, or with photos that come along. */
export type RowSet = "documents" | "ours";

/** set: null where the address does not say it; then those that have pictures here. */
export interface PagePlace { tab: "erase" | "tables"; view: string; set: RowSet | null; row: string | null }

/** What happens on the page, and what is told of it. */
export interface Events {
  photo: Photo;
  work: Work;
  /** What clicks have turned out to mean, in their order. */
  understood: Understood[];
  mask: Answer | null;
  refining: void;
  "mask-style": void;
  words: string;
  catalogue: Catalogue;
  weights: void;
  jobs: void;
  /** axes: where each of its cards stands in a sweep. */
  run: { payload: RunRequest; erasers: Eraser[]; axes?: Settings[] };
  /** Runs that follow one another and are one table, before they begin. */
  series: Grid[];
  grid: Grid;
  stopping: void;
  back: void;
  finished: Grid;
  busy: void;
  /** Another number of photos is there, or of those on which something is selected. */
  tray: void;
  place: PagePlace;
  lang: string;
}

/** A run that is to begin. prompt: on the open photo, where it is not what is selected there; selection: all of it, on any photo. */
export interface RunWish {
  jobs: Job[];
  prompt?: Prompt | null;
  selection?: Selection | null;
  sweep?: Sweep | null;
  cells?: (Job & { axes?: Settings })[];
  /** As the server has named it already. */
  named?: { run: string; secret: string };
}
/** One of several runs that follow one another. */
export interface Queued { photo: Photo; selection: Selection; jobs: Job[]; sweep?: Sweep | null; cells: (Job & { axes?: Settings })[] }

/** What the parts of the page share, and what each offers the others once it is mounted. */
export interface Lab {
  /** The photo that is open. */
  photo: Photo | null;
  /** What server.erasers() said. */
  catalogue: Catalogue | null;
  /** The run in progress, by its id. */
  running: string | null;
  /** The language's code. */
  lang: string;
  /** The segmenter that was chosen; null leaves it to the server. */
  segmenter: string | null;
  /** Whether the mask is shown with the margin that erasers fill beyond it. */
  showMargin: boolean;
  /** The words by which the objects were found. */
  phrase: string | null;
  place: PagePlace;
  /** The parts mount in any order; what the results need of the canvas, they await. */
  canvas: Promise<{ resumed: Promise<boolean> }>;
  canvasMounted(canvas: { resumed: Promise<boolean> }): void;
  /** The results are there to take a run. */
  results: Promise<void>;
  resultsMounted(): void;

  /* of the canvas */
  showPhoto(photo: Photo, prompt: Prompt | null): void;
  openExample(id: string): Promise<void>;
  /** A run's result becomes the photo. eraser: its name. */
  continueWith(run: string, index: number, eraser: string): Promise<void>;
  /** Pixels of the longer side that a mask's picture needs to be sharp here. */
  overlaySide(): number;
  /** Pixels of the photo on the longer side of the part that is to be seen; null for all of it. */
  seenSide(): number | null;
  hasMask(): boolean;
  /** The photos on the tray on which something is selected. */
  several(): { photo: Photo; selection: Selection }[];

  /* of the erasers */
  jobOf(eraser: string): Job;
  jobs(): Job[];
  /** Begin a run of other jobs than those that are ticked, or on another selection of the open photo. */
  startRun(what: RunWish): Promise<void>;
  adoptJobs(jobs: Job[]): void;
  fetchWeights(model: Model, again?: boolean): Promise<void>;
  showEraser(id: string): void;

  /* of the results */
  /** Show in which format a result may be taken away, and what is to be known of the file. */
  offerDownload(grid: { run: string; shown?: string }, card: ViewerCard): void;
  saveRemark(run: string, index: number, text: string): Promise<Reply<{ remark: string; remarks: EarlierRemark[] }>>;
}

/* ---- the page around this one ------------------------------------------------------------------- */

declare global {
  interface Window {
    /** What iframe-resizer, which some pages use that show this one in a frame, puts into it. */
    parentIFrame?: { scrollToOffset(x: number, y: number): void };
  }
}

/* ---- what Gradio gives a component --------------------------------------------------------------- */

export interface Mounted { element: HTMLElement; server: Server }
export interface Watching { props: { value: Grid | null }; watch(name: "value", then: () => void): void }
export interface Erasing { erase(request: RunRequest): void }

/* ---- building DOM ----------------------------------------------------------------------------------- */

type TagOf<What extends string> = What extends `${infer Tag}.${string}` ? Tag : What;
/** h("input.lab-number") is an input. */
export type ElementOf<What extends string> = TagOf<What> extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[TagOf<What>] : HTMLElement;
export type Child = Node | string | null | undefined;
type On<E extends Event, T> = (event: E & { currentTarget: T }) => unknown;
type OnOwn<E extends Event, T> = (event: E & { currentTarget: T; target: T }) => unknown;
export interface Attributes<T> {
  onclick?: On<MouseEvent, T>;
  onkeydown?: On<KeyboardEvent, T>;
  oninput?: OnOwn<Event, T>;
  onchange?: OnOwn<Event, T>;
  ontoggle?: OnOwn<Event, T>;
  onload?: OnOwn<Event, T>;
  [name: string]: unknown;
}
