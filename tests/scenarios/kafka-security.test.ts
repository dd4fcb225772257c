/**
 * Brokers that ask who is there, through the executable: the whole job over TLS with each SASL mechanism and with a
 * client's certificate; and what is refused (password, authority, protocol) is exit 3 at once, with a message that says
 * what is wrong and holds no password.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { KafkaBroker } from "../services/kafka.ts";
import { KAFKA_USERS } from "../services/kafka-settings.ts";
import { succeed } from "../services/programs.ts";
import { sharedBroker } from "../services/shared.ts";
import { KafkaNames } from "./kafka-names.ts";
import { Workplace } from "./workplace.ts";

const START_MS_MAX = 120_000;
const TEST_MS = 60_000;
/** Far less than the 30 s for which brokers that cannot be reached are waited for, on a loaded machine too. */
const AT_ONCE_MS = 10_000;
const WRONG = "Wrong-Pw-7Qx2";
type Mechanism = keyof typeof KAFKA_USERS;
const MECHANISMS = Object.keys(KAFKA_USERS) as Mechanism[];

let broker: KafkaBroker;
let work: Workplace;
beforeAll(async () => {
  // A broker that is not the tests' own is known by its plain listener only.
  broker = process.env.TEST_KAFKA ? await KafkaBroker.startOwn() : await sharedBroker();
}, START_MS_MAX);
afterAll(() => broker?.remove());
beforeEach(() => {
  work = new Workplace();
  work.write("data/movie_titles.csv", "1,2001,One\n2,2002,Two\n");
  work.write("data/ratings/1.csv", "d,m,u,r\n2002-09-20,1,7,5\n2002-09-20,1,8,4\n2002-09-20,2,9,1\nnonsense\n");
});
afterEach(() => work.remove());

/** The variables of a login over TLS. */
function login(mechanism: Mechanism, password?: string): Record<string, string> {
  return new KafkaNames("security").loginEnvironment(broker, mechanism, password);
}

/** The variables of a client that shows its certificate. */
function certificate(): Record<string, string> {
  return {
    ...new KafkaNames("security").environment(broker.certificateBrokers),
    KAFKA_SECURITY_PROTOCOL: "SSL",
    KAFKA_SSL_CA_FILE: broker.caFile,
    KAFKA_SSL_CERTIFICATE_FILE: broker.clientCertificateFile,
    KAFKA_SSL_KEY_FILE: broker.clientKeyFile,
  };
}

describe("the whole job", () => {
  const wholeJob = (env: Record<string, string>, secret = "no secret") => {
    work.env = env;
    const said = [
      work.succeed("setup"),
      work.succeed("produce --compression zstd"),
      work.succeed("process --mode C --anomaly-days 1 --anomaly-min-count 2 --drain"),
    ];
    expect(work.rows()).toEqual(["1031616000|1|One|2|9|2", "1031616000|2|Two|1|1|1"]);
    const printed = work.succeed("consume-kafka --once");
    expect(printed.stdout).toBe("2002-09-20 00:00:00,2002-09-21 00:00:00,One,2,4.5\n");
    const removed = work.succeed("cleanup --yes");
    expect(removed.stderr).toContain(`removed topic ${env.KAFKA_DATA_TOPIC_NAME}`);
    for (const { stdout, stderr } of [...said, printed, removed]) expect(stdout + stderr).not.toContain(secret);
  };

  test.each(MECHANISMS)(
    "goes well over TLS with SASL %s, the password in a variable or a file",
    (mechanism) => {
      const { KAFKA_SASL_PASSWORD: password, ...env } = login(mechanism);
      work.write("secret", `${password}\n`);
      const inFile = mechanism === "SCRAM-SHA-512";
      const given = inFile ? { KAFKA_SASL_PASSWORD_FILE: work.path("secret") } : { KAFKA_SASL_PASSWORD: password };
      wholeJob({ ...env, ...given }, password);
    },
    TEST_MS,
  );

  test("goes well over TLS with a client's certificate", () => wholeJob(certificate()), TEST_MS);
});

describe("is refused at once with exit 3:", () => {
  /** Every command speaks to brokers in its own way. */
  const COMMANDS = ["setup", "produce", "process --once", "consume-kafka --once"];

  const expectRefused = (env: Record<string, string>, message: string, commands = COMMANDS) => {
    for (const command of commands) {
      const beganMs = performance.now();
      const { code, stdout, stderr } = work.run(command, [], env);
      expect({ command, code, stdout, stderr }).toEqual({
        command,
        code: 3,
        stdout: "",
        stderr: expect.stringContaining(message),
      });
      expect(performance.now() - beganMs).toBeLessThan(AT_ONCE_MS);
      const secrets = [WRONG, ...Object.values(KAFKA_USERS).map(({ password }) => password)];
      for (const secret of secrets) expect(stderr).not.toContain(secret);
      expect(stderr).not.toMatch(/^ +at /m);
    }
  };

  test.each(MECHANISMS)(
    "a wrong password, with %s",
    (mechanism) => {
      const message = `the Kafka brokers ${broker.secureBrokers} refuse the login`;
      expectRefused(login(mechanism, WRONG), message, mechanism === "PLAIN" ? COMMANDS : ["setup"]);
    },
    TEST_MS,
  );

  test(
    "another user, and the user of another mechanism",
    () => {
      const message = `the Kafka brokers ${broker.secureBrokers} refuse the login`;
      expectRefused({ ...login("SCRAM-SHA-256"), KAFKA_SASL_USERNAME: "nobody" }, message, ["produce"]);
      expectRefused({ ...login("PLAIN"), KAFKA_SASL_MECHANISM: "SCRAM-SHA-512" }, message, ["produce"]);
    },
    TEST_MS,
  );

  test(
    "an authority that is not known",
    () => {
      const none = `no encrypted connection to the Kafka brokers ${broker.secureBrokers}: `;
      const { KAFKA_SSL_CA_FILE: _, ...unknown } = login("PLAIN");
      expectRefused(unknown, none);
      const file = work.path("other.pem");
      const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", work.path("other.key")];
      succeed("openssl", ["req", "-x509", "-days", "2", "-subj", "/CN=other", ...key, "-out", file]);
      expectRefused({ ...unknown, KAFKA_SSL_CA_FILE: file }, none, ["setup"]);
    },
    TEST_MS,
  );

  test(
    "a certificate that is missing",
    () => {
      const { KAFKA_SSL_CERTIFICATE_FILE: _, KAFKA_SSL_KEY_FILE: __, ...env } = certificate();
      expectRefused(env, `no encrypted connection to the Kafka brokers ${broker.certificateBrokers}: `, ["setup"]);
    },
    TEST_MS,
  );

  test(
    "plain words where the brokers speak TLS",
    () => {
      for (const protocol of ["PLAINTEXT", "SASL_PLAINTEXT"]) {
        const env = { ...login("PLAIN"), KAFKA_SECURITY_PROTOCOL: protocol };
        expectRefused(env, `${broker.secureBrokers}: they speak TLS`, protocol === "PLAINTEXT" ? COMMANDS : ["setup"]);
      }
    },
    TEST_MS,
  );

  test(
    "TLS, or a login, where the brokers have neither",
    () => {
      const env = { ...certificate(), KAFKA_BOOTSTRAP_SERVERS: broker.brokers };
      expectRefused(env, `no encrypted connection to the Kafka brokers ${broker.brokers}: `, ["setup", "produce"]);
      const plain = { ...login("PLAIN"), KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT" };
      const message = `the Kafka brokers ${broker.brokers} refuse the login`;
      expectRefused({ ...plain, KAFKA_BOOTSTRAP_SERVERS: broker.brokers }, message, ["setup", "produce"]);
    },
    TEST_MS,
  );
});
