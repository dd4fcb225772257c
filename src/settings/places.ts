/**
 * The settings that say where data lies: the home, the checkpoints, the topics, the database. Keys are the names used
 * in code. What is done with the data is in `work.ts`.
 */
import { COMMAND_NAMES, setting } from "./row.ts";
import * as is from "./values.ts";

const PARTITIONS_MAX = 10_000;

const ADMIN = ["setup", "cleanup"] as const;

export const PLACE_SETTINGS = {
  home: setting({
    flag: "home",
    variable: "TIDEMARK_HOME",
    placeholder: "folder",
    default: "./tidemark-data",
    meaning: "folder of embedded topics and results, and of checkpoints; created when missing",
    kind: is.path,
    commands: COMMAND_NAMES,
  }),
  checkpoints: setting<string | undefined>({
    flag: "checkpoints",
    variable: "CHECKPOINT_LOCATION",
    placeholder: "folder",
    defaultMeans: "checkpoints in the home",
    meaning: "folder of checkpoints",
    kind: is.path,
    commands: ["process", ...ADMIN],
  }),
  brokers: setting<string[] | undefined>({
    flag: "brokers",
    variable: "KAFKA_BOOTSTRAP_SERVERS",
    placeholder: "host:port,…",
    defaultMeans: "none: topics are files in the home",
    meaning: "Kafka brokers to connect to first",
    kind: is.brokerList,
    commands: ["setup", "produce", "process", "consume-kafka", "cleanup"],
  }),
  topic: setting({
    flag: "topic",
    variable: "KAFKA_DATA_TOPIC_NAME",
    placeholder: "name",
    default: "netflix-ratings",
    meaning: "topic of ratings",
    kind: is.topicName,
    commands: ["produce", "process", ...ADMIN],
  }),
  anomalyTopic: setting({
    flag: "anomaly-topic",
    variable: "KAFKA_ANOMALY_TOPIC_NAME",
    placeholder: "name",
    default: "netflix-ratings-anomalies",
    meaning: "topic of anomalies",
    kind: is.topicName,
    commands: ["process", "consume-kafka", ...ADMIN],
  }),
  rejectedTopic: setting({
    flag: "rejected-topic",
    variable: "KAFKA_REJECTED_TOPIC_NAME",
    placeholder: "name",
    default: "netflix-ratings-rejected",
    meaning: "topic of rejected lines: those that count nowhere, each with its reason",
    kind: is.topicName,
    commands: ["process", ...ADMIN],
  }),
  partitions: setting({
    flag: "partitions",
    variable: "KAFKA_PARTITIONS",
    placeholder: "count",
    default: "1",
    meaning: "number of partitions of the ratings topic",
    kind: is.whole(1, PARTITIONS_MAX),
    commands: ["setup"],
  }),
  group: setting({
    flag: "group",
    variable: "KAFKA_GROUP_ID",
    placeholder: "name",
    default: "netflix-ratings-group",
    meaning: "consumer group of process; that of consume-kafka is this name followed by -anomalies",
    kind: is.groupName,
    commands: ["process", "consume-kafka", ...ADMIN],
  }),
  databaseUrl: setting<string | undefined>({
    flag: "database",
    variable: "JDBC_URL",
    placeholder: "url",
    defaultMeans: "none: SQLite, tidemark.db in the home",
    meaning: "jdbc:postgresql://host:port/name, postgres://… or jdbc:sqlite:PATH; the flag takes no password",
    kind: is.text,
    commands: ["process", "consume-jdbc", ...ADMIN],
  }),
  databaseUser: setting<string | undefined>({
    flag: "database-user",
    variable: "JDBC_USERNAME",
    placeholder: "name",
    meaning: "user of the PostgreSQL database; overrides the one in the URL",
    kind: is.text,
    commands: ["process", "consume-jdbc", ...ADMIN],
  }),
  databasePassword: setting<string | undefined>({
    flag: undefined,
    variable: "JDBC_PASSWORD",
    meaning: "that user's password; overrides the one in the URL",
    kind: is.text,
    commands: ["process", "consume-jdbc", ...ADMIN],
    secret: true,
  }),
  databaseName: setting<string | undefined>({
    flag: undefined,
    variable: "JDBC_DATABASE",
    meaning: "name of the PostgreSQL database; must equal the one in the URL",
    kind: is.text,
    commands: ["process", "consume-jdbc", ...ADMIN],
  }),
  administratorUser: setting({
    flag: undefined,
    variable: "PGUSER",
    default: "postgres",
    meaning: "administrator of the PostgreSQL server, who creates and removes user and database",
    kind: is.text,
    commands: ADMIN,
  }),
  administratorPassword: setting<string | undefined>({
    flag: undefined,
    variable: "PGPASSWORD",
    meaning: "the administrator's password",
    kind: is.text,
    commands: ADMIN,
    secret: true,
  }),
} as const;
