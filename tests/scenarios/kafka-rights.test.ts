/**
 * A cluster with access control, where `setup` is the administrator's and the work is done by a user with the rights
 * that docs/operations.md names, no others: the whole job goes well, and what a missing right stops says so.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { KafkaBroker } from "../services/kafka.ts";
import { ACCESS_CONTROL, KAFKA_USERS } from "../services/kafka-settings.ts";
import { KafkaNames } from "./kafka-names.ts";
import { Workplace } from "./workplace.ts";

const START_MS_MAX = 120_000;
const TEST_MS = 120_000;
let broker: KafkaBroker;
let work: Workplace;
let names: KafkaNames;
beforeAll(async () => {
  broker = await KafkaBroker.startOwn({ more: ACCESS_CONTROL });
}, START_MS_MAX);
afterAll(() => broker?.remove());
beforeEach(() => {
  work = new Workplace();
  work.write("data/movie_titles.csv", "1,2001,One\n2,2002,Two\n");
  work.write("data/ratings/1.csv", "d,m,u,r\n2002-09-20,1,7,5\n2002-09-20,1,8,4\n2002-09-20,2,9,1\nnonsense\n");
  names = new KafkaNames("rights");
  work.env = names.environment(broker.brokers);
  work.succeed("setup");
  work.env = names.loginEnvironment(broker, "PLAIN");
});
afterEach(() => work.remove());

function grant(...rights: string[]): Promise<string> {
  const to = ["--bootstrap-server", broker.brokers, "--add", "--allow-principal", `User:${KAFKA_USERS.PLAIN.user}`];
  return broker.tool("org.apache.kafka.tools.AclCommand", [...to, ...rights]);
}

const operations = (...names: string[]) => names.flatMap((name) => ["--operation", name]);

test(
  "a user without rights is told which topic he may not use",
  () => {
    const { code, stderr } = work.run("process --drain");
    expect(code).toBe(3);
    expect(stderr).toContain(names.ratings);
  },
  TEST_MS,
);

test(
  "the rights that the documents name are enough for all but setup and cleanup",
  async () => {
    const topics = [names.ratings, names.anomalies, names.rejected].flatMap((topic) => ["--topic", topic]);
    await grant(...operations("Read", "Write", "Describe"), ...topics);
    await grant(...operations("Read"), "--group", names.group, "--resource-pattern-type", "prefixed");
    const ids = ["--transactional-id", `tidemark/${names.ratings}/`, "--resource-pattern-type", "prefixed"];
    await grant(...operations("Write", "Describe"), ...ids);

    work.succeed("produce");
    const processed = work.succeed("process --mode C --anomaly-days 1 --anomaly-min-count 2 --drain");
    expect(processed.stderr).toContain(`how long topic ${names.ratings} keeps ratings cannot be seen`);
    expect(work.rows()).toEqual(["1031616000|1|One|2|9|2", "1031616000|2|Two|1|1|1"]);
    const printed = work.succeed("consume-kafka --once");
    expect(printed.stdout).toBe("2002-09-20 00:00:00,2002-09-21 00:00:00,One,2,4.5\n");
    work.succeed("process --mode C --anomaly-days 1 --anomaly-min-count 2 --drain --rebuild");
    expect(work.succeed("consume-kafka --once").stdout).toBe("");
  },
  TEST_MS,
);
