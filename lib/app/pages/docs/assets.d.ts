/** Files that `with { type: "file" }` embeds: their paths. */
declare module "swagger-ui-dist/*" {
  const path: string;
  export default path;
}
