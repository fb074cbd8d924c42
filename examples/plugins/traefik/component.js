// What a component is made of: the one file that knows WebAssembly.

import * as log from "rick:plugin/log@0.1.0";

import { plugin } from "./plugin.js";
import { component } from "./rick-plugin.js";

export const { meta, claim, contribute, check, checkFiles, render } = component(plugin, log);
