import { render } from "preact";
import { App } from "./app.tsx";
import { loadAbout } from "./lib/about.ts";
import { load } from "./lib/functions.ts";
import "./lib/theme.ts";
import { keepForOffline } from "./lib/offline.ts";

const root = document.getElementById("app");
if (root) render(<App />, root);
void load();
void loadAbout();
keepForOffline();
