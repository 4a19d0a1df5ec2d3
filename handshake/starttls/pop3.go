package starttls

import "strings"

// pop3 is RFC 2595 §4. CAPA (RFC 2449 §5) says beforehand whether there is STLS; a server that
// does not know CAPA is asked for STLS all the same.
func (d *dialogue) pop3() error {
	if ok, err := d.status(); err != nil {
		return err
	} else if !ok {
		return d.fault(Refused, d.last())
	}
	d.stage = Offering
	d.say("CAPA")
	ok, err := d.status()
	if err != nil {
		return err
	}
	var has []string
	for ok {
		l, err := d.line()
		if err != nil {
			return err
		}
		if l == "." {
			break
		}
		has = append(has, l)
	}
	if ok && !offers(has, "STLS") {
		return d.fault(Lacking, "")
	}
	d.stage = Asked
	d.say("STLS")
	switch begins, err := d.status(); {
	case err != nil:
		return err
	case !begins && !ok:
		return d.fault(Lacking, d.last())
	case !begins:
		return d.fault(Refused, d.last())
	}
	return nil
}

// status takes a line that says +OK or -ERR (RFC 1939 §3).
func (d *dialogue) status() (ok bool, err error) {
	l, err := d.line()
	if err != nil {
		return false, err
	}
	switch word, _, _ := strings.Cut(l, " "); strings.ToUpper(word) {
	case "+OK":
		return true, nil
	case "-ERR":
		return false, nil
	}
	return false, d.fault(Strange, l)
}
