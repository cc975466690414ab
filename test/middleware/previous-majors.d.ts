/** The previous majors have no types of this name; what is used of them is as in the current ones. */

declare module "express-4" {
  import express from "express";

  // biome-ignore lint/style/noDefaultExport: that is the package's only export.
  export default express;
}

declare module "koa-2" {
  import Koa from "koa";

  // biome-ignore lint/style/noDefaultExport: that is the package's only export.
  export default Koa;
}
