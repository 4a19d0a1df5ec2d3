package starttls

import "bytes"

// SSLRequest is PostgreSQL's message of that name: its length, and the number 80877103 in the place of a
// version of the protocol (PostgreSQL: "Message Formats").
const SSLRequest = "\x00\x00\x00\x08\x04\xd2\x16\x2f"

const sslRequestName = "SSLRequest"

// postgres asks before anything else is said, and the answer is one octet.
func (d *dialogue) postgres() error {
	d.stage = Asked
	d.send(sslRequestName, []byte(SSLRequest), []byte(SSLRequest))
	b, err := d.octets(1)
	if err != nil {
		return err
	}
	if b[0] != 'S' && b[0] != 'N' { // an ErrorResponse, or no PostgreSQL: nobody can tell who wrote it
		b = append(b, d.ahead...)
	}
	text := string(b)
	if b[0] == 'E' {
		text = "ErrorResponse: " + errorText(b)
	}
	if err := d.heard(text, b); err != nil {
		return err
	}
	switch b[0] {
	case 'S':
		return nil
	case 'N':
		return d.fault(Lacking, "N")
	case 'E':
		return d.fault(Refused, errorText(b))
	}
	return d.fault(Strange, d.last())
}

// errorText is the text of an ErrorResponse, as far as it has come: 'E', a length in four octets, and
// fields of a letter and a text that ends in a zero; severity S, code C, message M. Servers before
// version 7.4 send the text alone.
func errorText(b []byte) string {
	text := b[1:]
	if len(b) > 5 && b[1] == 0 { // a length, below 16 MiB
		said := map[byte]string{}
		for _, f := range bytes.Split(b[5:], []byte{0}) {
			if len(f) > 1 {
				said[f[0]] = string(f[1:])
			}
		}
		if m, ok := said['M']; ok {
			if s, ok := said['S']; ok {
				return s + ": " + m
			}
			return m
		}
	}
	text, _, _ = bytes.Cut(text, []byte{0})
	if len(text) == 0 {
		return string(b)
	}
	return string(bytes.TrimRight(text, "\r\n"))
}
