/**
 * The table {@code movie_ratings}, written in batches: a statement takes whole columns as arrays, which for PostgreSQL
 * is the fastest upsert there is but for COPY, and is a transaction of its own. Promises that what was put is committed
 * when {@code flush} returns. A key must not be put twice between two flushes. Whose rows they are is left alone.
 */
package tidemark.peers;

import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import org.postgresql.jdbc.PgConnection;

public final class MovieRatings implements AutoCloseable {
    private static final int BATCH_ROWS = 10_000;
    private static final String UPSERT =
            """
            INSERT INTO movie_ratings
            SELECT * FROM unnest(?::bigint[], ?::text[], ?::text[], ?::integer[], ?::integer[], ?::integer[])
            ON CONFLICT (window_start, movie_id) DO UPDATE SET title = excluded.title,
              rating_count = excluded.rating_count, rating_sum = excluded.rating_sum,
              unique_rating_count = excluded.unique_rating_count
            """;

    private final PgConnection connection;
    private final PreparedStatement upsert;
    private final long[] windowStarts = new long[BATCH_ROWS];
    private final String[] movies = new String[BATCH_ROWS];
    private final String[] titles = new String[BATCH_ROWS];
    private final int[] counts = new int[BATCH_ROWS];
    private final int[] sums = new int[BATCH_ROWS];
    private final int[] distinct = new int[BATCH_ROWS];
    private int rows;

    public MovieRatings(String url, String user, String password) throws SQLException {
        connection = DriverManager.getConnection(url, user, password).unwrap(PgConnection.class);
        upsert = connection.prepareStatement(UPSERT);
    }

    public void put(long windowStartSeconds, int movie, String title, int count, int sum, int ratingBits)
            throws SQLException {
        windowStarts[rows] = windowStartSeconds;
        movies[rows] = Integer.toString(movie);
        titles[rows] = Titles.cut(title);
        counts[rows] = count;
        sums[rows] = sum;
        distinct[rows] = Integer.bitCount(ratingBits);
        if (++rows == BATCH_ROWS) flush();
    }

    public void flush() throws SQLException {
        if (rows == 0) return;
        upsert.setArray(1, connection.createArrayOf("int8", Arrays.copyOf(windowStarts, rows)));
        upsert.setArray(2, connection.createArrayOf("text", Arrays.copyOf(movies, rows)));
        upsert.setArray(3, connection.createArrayOf("text", Arrays.copyOf(titles, rows)));
        upsert.setArray(4, connection.createArrayOf("int4", Arrays.copyOf(counts, rows)));
        upsert.setArray(5, connection.createArrayOf("int4", Arrays.copyOf(sums, rows)));
        upsert.setArray(6, connection.createArrayOf("int4", Arrays.copyOf(distinct, rows)));
        upsert.executeUpdate();
        rows = 0;
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
