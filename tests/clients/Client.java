// A Java back end's call of a picture function, with nothing but the JDK's own HTTP client (Java 17 or newer).
//
//     java tests/clients/Client.java http://localhost:8081/ samples/landscape_field.jpg clear.jpg

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

public class Client {
    public static void main(String[] arguments) throws Exception {
        URI address = URI.create(arguments[0]);
        Path picture = Path.of(arguments[1]), target = Path.of(arguments[2]);

        // NORMAL follows a 303, by which an answer too large for its platform names the place where it is kept.
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NORMAL)
                .connectTimeout(Duration.ofSeconds(10))
                .build();
        HttpRequest request = HttpRequest.newBuilder(address)
                .header("Content-Type", "image/jpeg")
                .header("Accept", "image/*")
                .timeout(Duration.ofSeconds(90))
                .POST(HttpRequest.BodyPublishers.ofFile(picture))
                .build();
        HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
        if (response.statusCode() != 200) {
            // The problem document, which says what was wrong.
            System.err.println(response.statusCode() + " " + new String(response.body(), "UTF-8"));
            System.exit(1);
        }
        Files.write(target, response.body());
        System.out.println(target + ": " + response.headers().firstValue("x-model").orElse("?"));
    }
}
