# Every parameter of Tidemark, with its default. Sourced by the scripts beside it, or by you: what is set already
# stays as it is. `tidemark <command> --help` says what each means; a flag wins over its variable.

# Input
export INPUT_DIRECTORY_PATH="${INPUT_DIRECTORY_PATH:-./data/ratings}"
export INPUT_FILE_PATH="${INPUT_FILE_PATH:-./data/movie_titles.csv}"
export KAFKA_PRODUCER_SLEEP_TIME="${KAFKA_PRODUCER_SLEEP_TIME:-0}"

# Topics. Without brokers they are files in the home.
export KAFKA_BOOTSTRAP_SERVERS="${KAFKA_BOOTSTRAP_SERVERS:-}"
export KAFKA_DATA_TOPIC_NAME="${KAFKA_DATA_TOPIC_NAME:-netflix-ratings}"
export KAFKA_ANOMALY_TOPIC_NAME="${KAFKA_ANOMALY_TOPIC_NAME:-netflix-ratings-anomalies}"
export KAFKA_REJECTED_TOPIC_NAME="${KAFKA_REJECTED_TOPIC_NAME:-netflix-ratings-rejected}"
export KAFKA_PARTITIONS="${KAFKA_PARTITIONS:-1}"
export KAFKA_GROUP_ID="${KAFKA_GROUP_ID:-netflix-ratings-group}"
export KAFKA_COMPRESSION="${KAFKA_COMPRESSION:-none}"

# How brokers are spoken to: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL; with SASL as whom, with SSL by which PEM files.
# KAFKA_SASL_PASSWORD_FILE and KAFKA_SSL_KEY_PASSWORD_FILE name a file that holds the password instead.
export KAFKA_SECURITY_PROTOCOL="${KAFKA_SECURITY_PROTOCOL:-PLAINTEXT}"
export KAFKA_SASL_MECHANISM="${KAFKA_SASL_MECHANISM:-PLAIN}"
export KAFKA_SASL_USERNAME="${KAFKA_SASL_USERNAME:-}"
export KAFKA_SASL_PASSWORD="${KAFKA_SASL_PASSWORD:-}"
export KAFKA_SSL_CA_FILE="${KAFKA_SSL_CA_FILE:-}"
export KAFKA_SSL_CERTIFICATE_FILE="${KAFKA_SSL_CERTIFICATE_FILE:-}"
export KAFKA_SSL_KEY_FILE="${KAFKA_SSL_KEY_FILE:-}"
export KAFKA_SSL_KEY_PASSWORD="${KAFKA_SSL_KEY_PASSWORD:-}"

# Results. Without a URL they are in SQLite, tidemark.db in the home. Example of a URL:
#   jdbc:postgresql://localhost:8432/netflix_ratings
# JDBC_PASSWORD_FILE and PGPASSWORD_FILE name a file that holds the password instead.
export JDBC_URL="${JDBC_URL:-}"
export JDBC_DATABASE="${JDBC_DATABASE:-}"
export JDBC_USERNAME="${JDBC_USERNAME:-}"
export JDBC_PASSWORD="${JDBC_PASSWORD:-}"
# The database's administrator, for setup and cleanup.
export PGUSER="${PGUSER:-postgres}"
export PGPASSWORD="${PGPASSWORD:-}"

# Processing: mode A (fresh rows) or C (final rows only); anomalies. Rare ones: 30, 70, 4; frequent ones: 1, 2, 2.
export PROCESSING_TYPE="${PROCESSING_TYPE:-A}"
export ANOMALY_PERIOD_LENGTH="${ANOMALY_PERIOD_LENGTH:-30}"
export ANOMALY_RATING_COUNT="${ANOMALY_RATING_COUNT:-70}"
export ANOMALY_RATING_MEAN="${ANOMALY_RATING_MEAN:-4}"

# Where Tidemark keeps what is its own. Empty: checkpoints in the home.
export TIDEMARK_HOME="${TIDEMARK_HOME:-./tidemark-data}"
export CHECKPOINT_LOCATION="${CHECKPOINT_LOCATION:-}"
