package starttls

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// Capability flags of MySQL (MySQL Internals: "Capabilities Flags").
const (
	clientLongPassword     = 0x0001
	clientProtocol41       = 0x0200
	clientSSL              = 0x0800
	clientSecureConnection = 0x8000
	clientPluginAuth       = 0x80000
)

// mysql is MySQL's and MariaDB's: the server greets with an initial handshake packet, whose
// capabilities say whether it has TLS; an SSLRequest is the beginning of the client's answer, and
// TLS follows it without another word of the server's.
func (d *dialogue) mysql() error {
	head, err := d.octets(4)
	if err != nil {
		return err
	}
	n := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if n < 1 || n > MaxLine || head[3] != 0 {
		d.hear(append(head, d.ahead...))
		return d.fault(Strange, d.last())
	}
	body, err := d.octets(n)
	if err != nil {
		return err
	}
	whole := append(head, body...)
	if body[0] == 0xff { // ERR_Packet: a code, and words
		text := string(body[min(3, n):])
		if err := d.heard("ERR_Packet: "+text, whole); err != nil {
			return err
		}
		return d.fault(Refused, text)
	}
	text, caps, ok := mysqlGreeting(body)
	if !ok {
		text = string(body)
	}
	if err := d.heard(text, whole); err != nil {
		return err
	}
	if !ok {
		return d.fault(Strange, text)
	}
	if caps&clientSSL == 0 {
		return d.fault(Lacking, "")
	}
	d.stage = Asked
	const want = clientLongPassword | clientProtocol41 | clientSSL | clientSecureConnection | clientPluginAuth
	request := binary.LittleEndian.AppendUint32([]byte{32, 0, 0, 1}, want)
	request = binary.LittleEndian.AppendUint32(request, 1<<24) // the longest packet that we would take
	request = append(request, 45)                              // utf8mb4
	request = append(request, make([]byte, 23)...)
	d.send(mysqlRequest(want), request, request)
	return nil
}

// mysqlGreeting reads an initial handshake packet: what it says in words, and the capabilities.
func mysqlGreeting(body []byte) (text string, caps uint32, ok bool) {
	if len(body) == 0 || body[0] != 10 {
		return "", 0, false
	}
	version, rest, found := bytes.Cut(body[1:], []byte{0})
	const lower = 4 + 8 + 1 // the connection's number, part of a challenge, a filler
	if !found || len(rest) < lower+2 {
		return "", 0, false
	}
	caps = uint32(binary.LittleEndian.Uint16(rest[lower:]))
	if upper := rest[lower+2:]; len(upper) >= 5 {
		caps |= uint32(binary.LittleEndian.Uint16(upper[3:])) << 16
	}
	return "Handshake, protocol 10, server " + string(version) + ", capabilities " + flags(caps), caps, true
}

func mysqlRequest(caps uint32) string { return "SSLRequest, capabilities " + flags(caps) }

// flags are capabilities in hexadecimal, with the one that matters by its name.
func flags(caps uint32) string {
	s := "0x" + strconv.FormatUint(uint64(caps), 16)
	if caps&clientSSL != 0 {
		return s + " (CLIENT_SSL)"
	}
	return s + " (no CLIENT_SSL)"
}
