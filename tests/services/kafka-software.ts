/**
 * Kafka's own jars and a Java to run them, for tests: fetched once by Maven into a cache folder outside the project,
 * and there whole or not at all, however many ask at once. Debian's packages of Maven and Java are installed when they
 * are missing and we are root. Where neither can be had, this throws.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { apt, isRoot, succeed } from "./programs.ts";

const KAFKA_VERSION = "4.1.0";
const LOG4J_VERSION = "2.24.3";
const JAVA_VERSION_MIN = 17;
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "tidemark-tests");
const JARS = join(CACHE, `kafka-${KAFKA_VERSION}-log4j-${LOG4J_VERSION}`);

const dependency = (group: string, artifact: string, version: string) =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>` +
  `<version>${version}</version></dependency>`;

/** Broker, tools, and what lets the broker write a log. */
const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>tidemark.tests</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency("org.apache.kafka", "kafka_2.13", KAFKA_VERSION)}
    ${dependency("org.apache.kafka", "kafka-tools", KAFKA_VERSION)}
    ${dependency("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J_VERSION)}
  </dependencies>
</project>
`;

/** One at a time: the lock ends with its holder. The folder gets its name once all is in it. */
const FETCH = `[ -d "$1" ] && exit
rm -rf "$1.part"
printf %s "$2" > "$1.xml"
mvn -q -B -f "$1.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$1.part" || exit
mv "$1.part" "$1"`;

/** Java's class path with all of Kafka. */
export function kafkaClassPath(): string {
  if (javaVersion() < JAVA_VERSION_MIN) installPackage("openjdk-17-jre-headless");
  if (!existsSync(JARS)) {
    if (spawnSync("mvn", ["-v"]).status !== 0) installPackage("maven");
    mkdirSync(CACHE, { recursive: true });
    succeed("flock", [`${JARS}.lock`, "sh", "-c", FETCH, "sh", JARS, POM]);
  }
  return join(JARS, "*");
}

/** The first number of what `java -version` says; 0 without Java. */
function javaVersion(): number {
  const { status, stderr } = spawnSync("java", ["-version"], { encoding: "utf8" });
  return status === 0 ? Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0) : 0;
}

function installPackage(name: string): void {
  const advice = `install Debian's package ${name}, or set TEST_KAFKA to the host:port of a broker`;
  if (!isRoot()) throw new Error(`the tests need a Kafka broker of their own: ${advice}`);
  try {
    apt("update");
    apt("install", "--no-install-recommends", name);
  } catch (error) {
    throw new Error(`the tests need a Kafka broker of their own, and ${name} could not be installed: ${advice}`, {
      cause: error,
    });
  }
}
