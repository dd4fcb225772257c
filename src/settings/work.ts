/**
 * The settings that say what a command does: what is read, how it is counted, what is shown. Keys are the names used
 * in code, units last. Where data lies is in `places.ts`.
 */
import { MS_PER_DAY } from "../calendar.ts";
import { LOG_LEVELS } from "../terminal/log.ts";
import { COMPRESSION_NAMES } from "../topic/kafka/compression.ts";
import { COMMAND_NAMES, setting, toggle } from "./row.ts";
import * as is from "./values.ts";

const SECOND_MS = 1000;
/** Timers take no more than 2^31 - 1 ms. */
const TIMER_SECONDS_MAX = 2_147_483;
const ANOMALY_DAYS_MAX = 3660;
/** All days of the years 0001 to 9999. */
const CALENDAR_DAYS_MAX = 3_652_059;
const COUNT_MAX = 2_147_483_647;
/** State is in typed arrays, indexed by a movie's slot. */
const MOVIES_MAX = 100_000_000;
const WINDOWS_MAX = 1_000_000;
const ROWS_MAX = 1_000_000;

export const WORK_SETTINGS = {
  ratings: setting({
    flag: "ratings",
    variable: "INPUT_DIRECTORY_PATH",
    placeholder: "folder",
    default: "./data/ratings",
    meaning: "folder of rating files, sent in order of their names",
    kind: is.path,
    commands: ["produce"],
  }),
  sleepSeconds: setting({
    flag: "sleep",
    variable: "KAFKA_PRODUCER_SLEEP_TIME",
    placeholder: "seconds",
    default: "0",
    meaning: "pause between two rating files",
    kind: is.decimal(0, TIMER_SECONDS_MAX, " of seconds"),
    commands: ["produce"],
  }),
  compression: setting({
    flag: "compression",
    variable: "KAFKA_COMPRESSION",
    placeholder: "name",
    default: "none",
    meaning: "compression of what is sent to brokers: none, gzip, snappy, lz4 or zstd; embedded topics: none only",
    kind: is.oneOf(...COMPRESSION_NAMES),
    commands: ["produce"],
  }),
  titles: setting({
    flag: "titles",
    variable: "INPUT_FILE_PATH",
    placeholder: "file",
    default: "./data/movie_titles.csv",
    meaning: "file of movie titles, each line id,year,title",
    kind: is.path,
    commands: ["process"],
  }),
  titlesEncoding: setting({
    flag: "titles-encoding",
    variable: "TIDEMARK_TITLES_ENCODING",
    placeholder: "name",
    default: "auto",
    meaning: "encoding of the titles file: auto, utf-8, windows-1250 or latin-1; auto tries UTF-8 first",
    kind: is.oneOf("auto", "utf-8", "windows-1250", "latin-1"),
    commands: ["process"],
  }),
  mode: setting({
    flag: "mode",
    variable: "PROCESSING_TYPE",
    placeholder: "A|C",
    default: "A",
    meaning: "A: fresh rows, rewritten as they change; C: final rows only, never rewritten",
    kind: is.oneOf("A", "C"),
    commands: ["process"],
  }),
  anomalyDays: setting({
    flag: "anomaly-days",
    variable: "ANOMALY_PERIOD_LENGTH",
    placeholder: "days",
    default: "30",
    meaning: "D: length of the sliding windows in which anomalies are looked for",
    kind: is.whole(1, ANOMALY_DAYS_MAX, " of days"),
    commands: ["process"],
  }),
  anomalyMinCount: setting({
    flag: "anomaly-min-count",
    variable: "ANOMALY_RATING_COUNT",
    placeholder: "ratings",
    default: "70",
    meaning: "L: an anomaly is a window with at least this many ratings of a movie",
    kind: is.whole(0, COUNT_MAX),
    commands: ["process"],
  }),
  anomalyMinMean: setting({
    flag: "anomaly-min-mean",
    variable: "ANOMALY_RATING_MEAN",
    placeholder: "mean",
    default: "4",
    meaning: "O: an anomaly is a window whose ratings of a movie have at least this mean",
    kind: is.decimal(-COUNT_MAX, COUNT_MAX),
    commands: ["process"],
  }),
  once: toggle(
    "once",
    "TIDEMARK_ONCE",
    "end once everything that was there at the start is read; process keeps open windows for the next run",
    ["process", "consume-kafka", "consume-jdbc"],
  ),
  drain: toggle("drain", "TIDEMARK_DRAIN", "like --once, then close every open window as final", ["process"]),
  rebuild: toggle(
    "rebuild",
    "TIDEMARK_REBUILD",
    "start over: read the topic from its beginning into a new checkpoint and an emptied table",
    ["process"],
  ),
  resume: toggle(
    "resume",
    "TIDEMARK_RESUME",
    "send only the lines that the topic does not hold yet; files are taken in order of their names",
    ["produce"],
  ),
  skipCorrupt: toggle(
    "skip-corrupt",
    "TIDEMARK_SKIP_CORRUPT",
    "skip batches whose CRC is wrong, counting and reporting them, instead of stopping",
    ["process"],
  ),
  fromBeginning: toggle(
    "from-beginning",
    "TIDEMARK_FROM_BEGINNING",
    "print the topic from its beginning, not from where the last run ended",
    ["consume-kafka"],
  ),
  intervalSeconds: setting({
    flag: "interval",
    variable: "TIDEMARK_INTERVAL",
    placeholder: "seconds",
    default: "10",
    meaning: "time between redraws",
    kind: is.decimal(0.1, TIMER_SECONDS_MAX, " of seconds"),
    commands: ["consume-jdbc"],
  }),
  limit: setting({
    flag: "limit",
    variable: "TIDEMARK_LIMIT",
    placeholder: "rows",
    default: "50",
    meaning: "show up to this many rows, newest windows first",
    kind: is.whole(1, ROWS_MAX),
    commands: ["consume-jdbc"],
  }),
  format: setting({
    flag: "format",
    variable: "TIDEMARK_FORMAT",
    placeholder: "name",
    default: "table",
    meaning: "how rows are printed: table, csv or json",
    kind: is.oneOf("table", "csv", "json"),
    commands: ["consume-jdbc"],
  }),
  maxFutureMs: setting({
    flag: "max-future",
    variable: "TIDEMARK_MAX_FUTURE",
    placeholder: "days",
    default: "1",
    meaning: "reject a rating dated more than this many days after its Kafka record; off: never",
    kind: is.orOff(is.times(MS_PER_DAY, is.decimal(0, CALENDAR_DAYS_MAX, " of days"))),
    commands: ["process"],
  }),
  idleTimeoutMs: setting({
    flag: "idle-timeout",
    variable: "TIDEMARK_IDLE_TIMEOUT",
    placeholder: "seconds",
    default: "off",
    meaning:
      "a partition silent for this long follows the others' watermark, so timing may decide which ratings are late",
    kind: is.orOff(is.times(SECOND_MS, is.decimal(0.1, TIMER_SECONDS_MAX, " of seconds"))),
    commands: ["process"],
  }),
  retainDays: setting({
    flag: "retain",
    variable: "TIDEMARK_RETAIN",
    placeholder: "days",
    default: "off",
    meaning:
      "mode A: forget windows that ended this long ago, by the watermark, and reject ratings for them; off: keep all",
    kind: is.orOff(is.whole(1, CALENDAR_DAYS_MAX, " of days")),
    commands: ["process"],
  }),
  maxMovies: setting({
    flag: "max-movies",
    variable: "TIDEMARK_MAX_MOVIES",
    placeholder: "movies",
    default: "1000000",
    meaning: "movies that a partition holds at most; ratings of further movies are rejected",
    kind: is.whole(1, MOVIES_MAX),
    commands: ["process"],
  }),
  maxWindows: setting({
    flag: "max-windows",
    variable: "TIDEMARK_MAX_WINDOWS",
    placeholder: "windows",
    default: "1000",
    meaning: "open windows that a partition holds at most; ratings that need another are rejected",
    kind: is.whole(1, WINDOWS_MAX),
    commands: ["process"],
  }),
  drop: toggle("drop", "TIDEMARK_DROP", "do what cleanup does, first: removes topics, results and checkpoints", [
    "setup",
  ]),
  yes: toggle("yes", "TIDEMARK_YES", "do not ask before removing", ["setup", "cleanup"]),
  logLevel: setting({
    flag: "log-level",
    variable: "TIDEMARK_LOG",
    placeholder: "level",
    default: "info",
    meaning: "least severe messages to log: error, warn, info or debug",
    kind: is.oneOf(...LOG_LEVELS),
    commands: COMMAND_NAMES,
  }),
} as const;
