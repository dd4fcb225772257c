/** A SQL statement, imported as text: `import create from "…/create.sql" with { type: "text" }`. */
declare module "*.sql" {
  const text: string;
  export default text;
}
