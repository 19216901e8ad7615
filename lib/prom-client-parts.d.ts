declare module "prom-client/lib/*" {
  const value: unknown;
  export default value;
}
