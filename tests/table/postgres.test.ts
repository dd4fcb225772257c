/** The PostgreSQL table: the contract. */
import { afterAll, beforeAll } from "bun:test";
import { PostgresServer } from "../services/postgres.ts";
import { tableContract } from "./contract.ts";
import { PostgresFixture } from "./postgres-fixture.ts";

/** The package may have to be installed first. */
const START_MS_MAX = 300_000;

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
}, START_MS_MAX);
afterAll(() => server?.remove());

tableContract("PostgreSQL", async () => new PostgresFixture(server));
