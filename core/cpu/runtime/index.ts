export { driveFerr } from "./coprocessor";
export * from "./exceptions";
export { getFlags, setFlags } from "./flags";
export * from "./memory";
export { walk } from "./paging";
export { segmentRead, segmentWrite } from "./segments";
export * from "./float/index";
export { reset, updateMode } from "./processor";
