import java.io.*;
import java.net.*;
import java.net.http.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.util.*;
import java.util.concurrent.*;
import javax.net.ssl.*;

/** Client VERSION BASE ROOTS [PROXY-HOST PROXY-PORT]: what java.net.http gets, as text. */
public class Client {
    static void tell(HttpResponse<byte[]> r) throws Exception {
        byte[] sum = MessageDigest.getInstance("SHA-256").digest(r.body());
        System.out.println(r.request().method() + " " + r.uri() + " " + r.statusCode() + " " + r.version() + " " + new TreeMap<>(r.headers().map())
            + " " + r.body().length + " " + new java.math.BigInteger(1, sum).toString(16));
    }

    public static void main(String[] a) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null);
        try (InputStream in = Files.newInputStream(Path.of(a[2]))) {
            for (java.security.cert.Certificate c : CertificateFactory.getInstance("X.509").generateCertificates(in))
                trusted.setCertificateEntry("root" + trusted.size(), c);
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        HttpClient.Builder b = HttpClient.newBuilder().sslContext(tls).followRedirects(HttpClient.Redirect.NORMAL)
            .version(a[0].equals("h2") ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1);
        if (a.length > 3) b.proxy(ProxySelector.of(new InetSocketAddress(a[3], Integer.parseInt(a[4]))));
        HttpClient client = b.build();

        byte[] body = new byte[179200];
        new Random(1).nextBytes(body);
        HttpResponse.BodyHandler<byte[]> bytes = HttpResponse.BodyHandlers.ofByteArray();
        for (String path : List.of("/hello", "/pieces", "/missing", "/moved"))
            tell(client.send(HttpRequest.newBuilder(URI.create(a[1] + path)).header("X-Twice", "1").header("X-Twice", "2").build(), bytes));
        tell(client.send(HttpRequest.newBuilder(URI.create(a[1] + "/echo")).POST(HttpRequest.BodyPublishers.ofByteArray(body)).build(), bytes));
        tell(client.send(HttpRequest.newBuilder(URI.create(a[1] + "/echo?streamed"))
            .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body))).build(), bytes));
        tell(client.send(HttpRequest.newBuilder(URI.create(a[1] + "/hello")).method("HEAD", HttpRequest.BodyPublishers.noBody()).build(), bytes));
        System.out.println("that was all");
    }
}
