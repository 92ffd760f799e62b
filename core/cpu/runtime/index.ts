export * from "./memory";
export * from "./exceptions";
export { walk } from "./paging";
