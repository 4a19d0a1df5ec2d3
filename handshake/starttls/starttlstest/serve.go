// Package starttlstest is for tests: small servers that speak a protocol up to where TLS begins, and
// no further. They know nothing of package starttls's readers; OpenSSL's client is what holds them
// honest.
package starttlstest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"

	"tlslab/handshake/starttls"
)

// Serve speaks the server's part of p on c. When it returns nil, the client's next octet is of a
// TLS record.
func Serve(c net.Conn, p starttls.Protocol) error {
	s := &server{conn: c, in: bufio.NewReaderSize(c, 1)} // it takes 16 octets at once, which no client sends before it is answered
	play := map[starttls.Protocol]func() error{
		starttls.SMTP: s.smtp, starttls.IMAP: s.imap, starttls.POP3: s.pop3, starttls.LDAP: s.ldap,
		starttls.Postgres: s.postgres, starttls.MySQL: s.mysql, starttls.XMPP: s.xmpp, starttls.XMPPServer: s.xmpp,
	}[p]
	if play == nil {
		return fmt.Errorf("no server for %q", string(p))
	}
	if err := play(); err != nil {
		return err
	}
	if n := s.in.Buffered(); n > 0 {
		return fmt.Errorf("%s: the client went on without an answer, by %d octets", p, n)
	}
	return nil
}

type server struct {
	conn net.Conn
	in   *bufio.Reader
}

func (s *server) says(text string) error {
	_, err := io.WriteString(s.conn, text)
	return err
}

// command reads a line.
func (s *server) command() (string, error) {
	l, err := s.in.ReadString('\n')
	return strings.TrimRight(l, "\r\n"), err
}

func (s *server) smtp() error {
	if err := s.says("220-mail.lab.test ESMTP\r\n220 at your service\r\n"); err != nil {
		return err
	}
	for {
		l, err := s.command()
		if err != nil {
			return err
		}
		switch word, _, _ := strings.Cut(strings.ToUpper(l), " "); word {
		case "EHLO":
			err = s.says("250-mail.lab.test\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n")
		case "STARTTLS":
			return s.says("220 2.0.0 Ready to start TLS\r\n")
		default:
			err = s.says("500 5.5.1 unknown\r\n")
		}
		if err != nil {
			return err
		}
	}
}

func (s *server) imap() error {
	if err := s.says("* OK [CAPABILITY IMAP4rev1 STARTTLS] lab ready\r\n"); err != nil {
		return err
	}
	for {
		l, err := s.command()
		if err != nil {
			return err
		}
		tag, word, _ := strings.Cut(l, " ")
		switch strings.ToUpper(word) {
		case "CAPABILITY":
			err = s.says("* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n" + tag + " OK done\r\n")
		case "STARTTLS":
			return s.says(tag + " OK begin TLS now\r\n")
		default:
			err = s.says(tag + " BAD\r\n")
		}
		if err != nil {
			return err
		}
	}
}

func (s *server) pop3() error {
	if err := s.says("+OK lab ready\r\n"); err != nil {
		return err
	}
	for {
		l, err := s.command()
		if err != nil {
			return err
		}
		switch strings.ToUpper(l) {
		case "CAPA":
			err = s.says("+OK\r\nTOP\r\nSTLS\r\nUIDL\r\n.\r\n")
		case "STLS":
			return s.says("+OK begin TLS\r\n")
		default:
			err = s.says("-ERR\r\n")
		}
		if err != nil {
			return err
		}
	}
}

func (s *server) postgres() error {
	request := make([]byte, 8)
	if _, err := io.ReadFull(s.in, request); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(request) != 8 || binary.BigEndian.Uint32(request[4:]) != 80877103 {
		return fmt.Errorf("no SSLRequest: % x", request)
	}
	return s.says("S")
}

func (s *server) mysql() error {
	body := append([]byte{10}, "8.0.36-lab\x00"...)
	body = append(body, 7, 0, 0, 0)
	body = append(body, "abcdefgh\x00"...)
	body = append(body, 0xff, 0xff, 45, 2, 0, 0xff, 0xdf, 21)
	body = append(body, make([]byte, 10)...)
	body = append(body, "ijklmnopqrst\x00caching_sha2_password\x00"...)
	if err := s.says(string([]byte{byte(len(body)), 0, 0, 0}) + string(body)); err != nil {
		return err
	}
	request := make([]byte, 36)
	if _, err := io.ReadFull(s.in, request); err != nil {
		return err
	}
	if !bytes.Equal(request[:4], []byte{32, 0, 0, 1}) || request[5]&0x08 == 0 {
		return fmt.Errorf("no SSLRequest: % x", request)
	}
	return nil
}

// ldap takes the one request that there is: in DER it has one form.
func (s *server) ldap() error {
	want := append([]byte{0x30, 0x1d, 2, 1, 1, 0x77, 0x18, 0x80, 0x16}, "1.3.6.1.4.1.1466.20037"...)
	request := make([]byte, len(want))
	if _, err := io.ReadFull(s.in, request); err != nil {
		return err
	}
	if !bytes.Equal(request, want) {
		return fmt.Errorf("no StartTLS: % x", request)
	}
	// Lengths in four octets each, as Active Directory writes them.
	return s.says("\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00")
}

func (s *server) xmpp() error {
	open, err := s.in.ReadString('>')
	for err == nil && strings.HasPrefix(open, "<?") {
		open, err = s.in.ReadString('>')
	}
	if err != nil {
		return err
	}
	if !strings.HasPrefix(strings.TrimSpace(open), "<stream:stream ") {
		return fmt.Errorf("no stream: %q", open)
	}
	ns := "jabber:client"
	if strings.Contains(open, "jabber:server") {
		ns = "jabber:server"
	}
	if err := s.says("<?xml version='1.0'?><stream:stream xmlns='" + ns + "' xmlns:stream='http://etherx.jabber.org/streams' id='1' from='lab.test' version='1.0'>" +
		"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"); err != nil {
		return err
	}
	ask, err := s.in.ReadString('>')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(ask, "<starttls ") {
		return fmt.Errorf("no starttls: %q", ask)
	}
	return s.says("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
}
