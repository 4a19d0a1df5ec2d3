package starttls

// sslRequest is PostgreSQL's SSLRequest: its length, and the number 80877103 in the place of a
// version of the protocol (PostgreSQL: "Message Formats").
var sslRequest = []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}

const sslRequestName = "SSLRequest"

// postgres asks before anything else is said, and the answer is one octet.
func (d *dialogue) postgres() error {
	d.stage = Asked
	d.send(sslRequestName, sslRequest, sslRequest)
	b, err := d.octets(1)
	if err != nil {
		return err
	}
	if b[0] != 'S' && b[0] != 'N' { // an ErrorResponse, or no PostgreSQL: nobody can tell who wrote it
		b = append(b, d.ahead...)
	}
	if err := d.heard(string(b), b); err != nil {
		return err
	}
	switch b[0] {
	case 'S':
		return nil
	case 'N':
		return d.fault(Lacking, "N")
	case 'E':
		return d.fault(Refused, d.last())
	}
	return d.fault(Strange, d.last())
}
