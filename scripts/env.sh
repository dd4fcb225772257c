# Every setting of Tidemark. Sourced by the scripts beside it, or by you, from any folder. A variable that is set keeps
# its value. Settings without a default are commented out, with an example. A flag overrides its variable;
# `tidemark <command> --help` says which command takes which. (TIDEMARK names the executable for these scripts.)

# Ratings and titles; seconds to pause between two rating files; encoding of the titles: auto, utf-8, windows-1250,
# latin-1; true to send only the lines that the topic does not hold yet.
export INPUT_DIRECTORY_PATH="${INPUT_DIRECTORY_PATH:-./data/ratings}"
export INPUT_FILE_PATH="${INPUT_FILE_PATH:-./data/movie_titles.csv}"
export KAFKA_PRODUCER_SLEEP_TIME="${KAFKA_PRODUCER_SLEEP_TIME:-0}"
export TIDEMARK_TITLES_ENCODING="${TIDEMARK_TITLES_ENCODING:-auto}"
export TIDEMARK_RESUME="${TIDEMARK_RESUME:-false}"

# Topics. Without brokers they are files in the home. The number of partitions is that of the ratings topic;
# compression is of what is sent to brokers: none, gzip, snappy, lz4 or zstd.
# export KAFKA_BOOTSTRAP_SERVERS="${KAFKA_BOOTSTRAP_SERVERS:-localhost:9092}"
export KAFKA_DATA_TOPIC_NAME="${KAFKA_DATA_TOPIC_NAME:-netflix-ratings}"
export KAFKA_ANOMALY_TOPIC_NAME="${KAFKA_ANOMALY_TOPIC_NAME:-netflix-ratings-anomalies}"
export KAFKA_REJECTED_TOPIC_NAME="${KAFKA_REJECTED_TOPIC_NAME:-netflix-ratings-rejected}"
export KAFKA_PARTITIONS="${KAFKA_PARTITIONS:-1}"
export KAFKA_GROUP_ID="${KAFKA_GROUP_ID:-netflix-ratings-group}"
export KAFKA_COMPRESSION="${KAFKA_COMPRESSION:-none}"

# Connections to brokers: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL. With SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512,
# a user, and a password or a file that holds it. With SSL, all optional and PEM: certificates to trust instead of the
# system's; our own certificate, its key, and the key's password or a file that holds it.
export KAFKA_SECURITY_PROTOCOL="${KAFKA_SECURITY_PROTOCOL:-PLAINTEXT}"
export KAFKA_SASL_MECHANISM="${KAFKA_SASL_MECHANISM:-PLAIN}"
# export KAFKA_SASL_USERNAME="${KAFKA_SASL_USERNAME:-tidemark}"
# export KAFKA_SASL_PASSWORD="${KAFKA_SASL_PASSWORD:-secret}"
# export KAFKA_SASL_PASSWORD_FILE="${KAFKA_SASL_PASSWORD_FILE:-/run/secrets/kafka}"
# export KAFKA_SSL_CA_FILE="${KAFKA_SSL_CA_FILE:-ca.pem}"
# export KAFKA_SSL_CERTIFICATE_FILE="${KAFKA_SSL_CERTIFICATE_FILE:-client.pem}"
# export KAFKA_SSL_KEY_FILE="${KAFKA_SSL_KEY_FILE:-client.key}"
# export KAFKA_SSL_KEY_PASSWORD="${KAFKA_SSL_KEY_PASSWORD:-secret}"
# export KAFKA_SSL_KEY_PASSWORD_FILE="${KAFKA_SSL_KEY_PASSWORD_FILE:-/run/secrets/client-key}"

# Results. Without a URL they are in SQLite, tidemark.db in the home. JDBC_USERNAME and JDBC_PASSWORD override those in
# the URL; JDBC_DATABASE, when set, must equal the URL's. A variable with _FILE names a file that holds the password.
# export JDBC_URL="${JDBC_URL:-jdbc:postgresql://localhost:8432/netflix_ratings}"
# export JDBC_DATABASE="${JDBC_DATABASE:-netflix_ratings}"
# export JDBC_USERNAME="${JDBC_USERNAME:-streamuser}"
# export JDBC_PASSWORD="${JDBC_PASSWORD:-stream}"
# export JDBC_PASSWORD_FILE="${JDBC_PASSWORD_FILE:-/run/secrets/stream}"
# The server's administrator, for setup and cleanup.
export PGUSER="${PGUSER:-postgres}"
# export PGPASSWORD="${PGPASSWORD:-secret}"
# export PGPASSWORD_FILE="${PGPASSWORD_FILE:-/run/secrets/postgres}"

# Processing: mode A (fresh rows) or C (final rows only). Anomalies: D (days), L (least count), O (least mean);
# 30, 70, 4 make them rare, 1, 2, 2 frequent.
export PROCESSING_TYPE="${PROCESSING_TYPE:-A}"
export ANOMALY_PERIOD_LENGTH="${ANOMALY_PERIOD_LENGTH:-30}"
export ANOMALY_RATING_COUNT="${ANOMALY_RATING_COUNT:-70}"
export ANOMALY_RATING_MEAN="${ANOMALY_RATING_MEAN:-4}"

# When a run ends and what it reads, true or false: end once all is read (ONCE), and close every window (DRAIN); start
# over (REBUILD); skip batches with a wrong CRC (SKIP_CORRUPT).
export TIDEMARK_ONCE="${TIDEMARK_ONCE:-false}"
export TIDEMARK_DRAIN="${TIDEMARK_DRAIN:-false}"
export TIDEMARK_REBUILD="${TIDEMARK_REBUILD:-false}"
export TIDEMARK_SKIP_CORRUPT="${TIDEMARK_SKIP_CORRUPT:-false}"

# Limits: days that a rating may be later than its Kafka record, or off; seconds until a silent partition follows the
# others' watermark, or off; days that mode A keeps windows, or off; movies, and open windows, of a partition.
export TIDEMARK_MAX_FUTURE="${TIDEMARK_MAX_FUTURE:-1}"
export TIDEMARK_IDLE_TIMEOUT="${TIDEMARK_IDLE_TIMEOUT:-off}"
export TIDEMARK_RETAIN="${TIDEMARK_RETAIN:-off}"
export TIDEMARK_MAX_MOVIES="${TIDEMARK_MAX_MOVIES:-1000000}"
export TIDEMARK_MAX_WINDOWS="${TIDEMARK_MAX_WINDOWS:-1000}"

# Showing: whether consume-kafka starts at the topic's beginning; seconds between redraws of consume-jdbc, its number of
# rows, and its format: table, csv or json.
export TIDEMARK_FROM_BEGINNING="${TIDEMARK_FROM_BEGINNING:-false}"
export TIDEMARK_INTERVAL="${TIDEMARK_INTERVAL:-10}"
export TIDEMARK_LIMIT="${TIDEMARK_LIMIT:-50}"
export TIDEMARK_FORMAT="${TIDEMARK_FORMAT:-table}"

# Where Tidemark keeps its own files; checkpoints are in the home unless told otherwise. Least severe messages to log:
# error, warn, info or debug.
export TIDEMARK_HOME="${TIDEMARK_HOME:-./tidemark-data}"
# export CHECKPOINT_LOCATION="${CHECKPOINT_LOCATION:-./checkpoints}"
export TIDEMARK_LOG="${TIDEMARK_LOG:-info}"

# setup: do what cleanup does, first (DROP). setup and cleanup: do not ask before removing (YES).
export TIDEMARK_DROP="${TIDEMARK_DROP:-false}"
export TIDEMARK_YES="${TIDEMARK_YES:-false}"
