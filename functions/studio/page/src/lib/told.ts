// What functions tell of themselves: the members that the page uses.

export type Task = "picture" | "labels" | "boxes";

/** By `GET /`. */
export interface Told {
  name: string;
  title: string;
  summary: string;
  version: string;
  default_model: string;
  limits: {
    max_bytes: number;
    max_upload_bytes: number;
    max_pixels: number;
    max_body_bytes: number | null;
    max_answer_bytes: number | null;
    deadline_s: number;
    job_deadline_s: number;
    requests_per_minute: number | null;
  };
  /** Null where the function keeps nothing. */
  store: { kept_s: number } | null;
  /** Whether it asks for a key. */
  keys: boolean;
  retention: string;
  /** What runs the networks: `cpu`, `cuda`, ... */
  provider?: string;
}

/** By `GET /models/VARIANT`, beyond what the tree has. */
export interface Detail {
  serves: { precision: string; provider: string };
  weights: { file: string; bytes: number; precision: string; sha256: string; parameters?: number }[];
}

/** A painting that a network knows. */
export interface Style {
  name: string;
  title: string;
  painter: string;
  year: string;
  lines: string;
  palette: string[];
  rights: string;
}

/** A variant of a function: a leaf of the tree that `GET /models` gives. */
export interface Variant {
  name: string;
  title: string;
  description: string;
  type: Task;
  scale: number;
  paper: string | null;
  licence: string;
  terms: "free" | "non-commercial" | "copyleft" | "unstated";
  /** The title of its family. */
  family: string | null;
  status: string;
  reason: string | null;
  serves: string;
  styles: Style[];
  quality: { set: string; metric: string; unit: string; precision: string; input?: number; value: number }[];
  speed: { size: string; precision: string; threads: number; seconds: number }[];
}

/** By `GET /openapi.json`. */
export interface OpenApi {
  paths: Record<string, { post?: { parameters?: Parameter[] } }>;
}

/** A parameter of a request; its schema has the range. */
export interface Parameter {
  name: string;
  in: string;
  description?: string;
  schema: Schema;
}

export interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  enum?: (string | number)[];
  oneOf?: { const: string; description?: string }[];
  not?: { multipleOf?: number };
  pattern?: string;
  "x-models"?: string[];
  "x-names"?: string[] | null;
}
