/**
 * The titles of the movies, from a file of {@code id,year,title} as Tidemark reads it: the title is all that follows
 * the second comma, unless that is one quoted field; the first line of an id wins; what is no such line is skipped.
 * UTF-8, else Latin-1; Tidemark's other encodings are left alone.
 */
package tidemark.peers;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

public final class Titles {
    private static final int TABLE_CHARACTERS_MAX = 128;
    /** A movie id has so many digits at most. */
    private static final int ID_DIGITS_MAX = 10;

    private Titles() {}

    /** By movie id. */
    public static Map<Integer, String> read(Path file) throws IOException {
        Map<Integer, String> titles = new HashMap<>();
        for (String line : text(Files.readAllBytes(file)).split("\r?\n")) {
            int afterId = line.indexOf(',');
            int afterYear = line.indexOf(',', afterId + 1);
            if (afterId <= 0 || afterId > ID_DIGITS_MAX || afterYear < 0) continue;
            String id = line.substring(0, afterId);
            if (id.charAt(0) == '0' || !id.chars().allMatch(letter -> letter >= '0' && letter <= '9')) continue;
            long movie = Long.parseLong(id);
            if (movie > Integer.MAX_VALUE) continue;
            titles.putIfAbsent((int) movie, unquoted(line.substring(afterYear + 1)).replace("\0", ""));
        }
        return titles;
    }

    /** As the table can hold it. */
    public static String cut(String title) {
        int characters = title.codePointCount(0, title.length());
        if (characters <= TABLE_CHARACTERS_MAX) return title;
        return title.substring(0, title.offsetByCodePoints(0, TABLE_CHARACTERS_MAX));
    }

    /** As a CSV line holds it: in quotes only where it must be. */
    public static String csvField(String title) {
        boolean isPlain = title.chars().noneMatch(letter -> ",\"\r\n".indexOf(letter) >= 0);
        return isPlain ? title : '"' + title.replace("\"", "\"\"") + '"';
    }

    private static String text(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException notUtf8) {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
    }

    private static String unquoted(String text) {
        if (text.length() < 2 || !text.startsWith("\"") || !text.endsWith("\"")) return text;
        String quoted = text.substring(1, text.length() - 1);
        boolean hasLoneQuote = quoted.replace("\"\"", "").contains("\"");
        return hasLoneQuote ? text : quoted.replace("\"\"", "\"");
    }
}
