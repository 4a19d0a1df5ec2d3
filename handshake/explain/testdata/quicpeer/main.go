// Command quicpeer is both ends of the captures that make_quic.sh makes: an HTTP/3 server and a
// client, of quic-go. It is built there in a module of its own, and tlslab links none of it.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

func main() {
	server := flag.Bool("server", false, "serve")
	addr := flag.String("addr", "127.0.0.1:19443", "where")
	cert := flag.String("cert", "ecdsa.pem", "certificate")
	key := flag.String("key", "ecdsa.key", "its key")
	retry := flag.Bool("retry", false, "let each client prove its address")
	version := flag.Int("version", 1, "the one QUIC version")
	group := flag.Int("group", 0, "the one group, by number")
	alpn := flag.String("alpn", "h3", "the one protocol")
	refuse := flag.Bool("refuse", false, "let each client show a certificate, and believe none")
	show := flag.Bool("show", false, "show -cert to the server")
	keylog := flag.String("keylog", "", "key log to append to")
	flag.Parse()

	conf := &tls.Config{NextProtos: []string{*alpn}, ServerName: "localhost", InsecureSkipVerify: true}
	if *group != 0 {
		conf.CurvePreferences = []tls.CurveID{tls.CurveID(*group)}
	}
	if *keylog != "" {
		f, err := os.OpenFile(*keylog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		check(err)
		conf.KeyLogWriter = f
	}
	over := &quic.Config{Versions: []quic.Version{quic.Version1}}
	if *version == 2 {
		over.Versions[0] = quic.Version2
	}
	if *refuse {
		conf.ClientAuth = tls.RequireAnyClientCert
		conf.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error { return errors.New("nobody I know") }
	}
	if *show {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		check(err)
		conf.Certificates = []tls.Certificate{pair}
	}
	if *server {
		serve(*addr, *cert, *key, *retry, conf, over)
		return
	}
	if *alpn != "h3" { // a handshake, and no more
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_, err := quic.DialAddr(ctx, *addr, conf, over)
		fmt.Println(err)
		return
	}
	t := &http3.Transport{TLSClientConfig: conf, QUICConfig: over}
	c := &http.Client{Transport: t, Timeout: 3 * time.Second}
	r, err := c.Get("https://" + *addr + "/")
	fmt.Println(r, err)
	check(t.Close())
	time.Sleep(100 * time.Millisecond)
}

func serve(addr, cert, key string, retry bool, conf *tls.Config, over *quic.Config) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	check(err)
	conf.Certificates = []tls.Certificate{pair}
	udp, err := net.ResolveUDPAddr("udp", addr)
	check(err)
	conn, err := net.ListenUDP("udp", udp)
	check(err)
	t := &quic.Transport{Conn: conn, VerifySourceAddress: func(net.Addr) bool { return retry }}
	l, err := t.ListenEarly(conf, over)
	check(err)
	s := &http3.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })}
	check(s.ServeListener(l))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
