package starttls

import "strings"

// smtp is RFC 3207, behind the greeting and EHLO of RFC 5321 §4.1.1.1.
func (d *dialogue) smtp() error {
	code, _, err := d.reply()
	switch {
	case err != nil:
		return err
	case code != "220":
		return d.fault(Refused, d.last())
	}
	d.stage = Offering
	d.say("EHLO " + d.options.Self)
	code, lines, err := d.reply()
	switch {
	case err != nil:
		return err
	case code != "250":
		return d.fault(Lacking, d.last())
	}
	if !offers(lines[1:], "STARTTLS") { // the first line is the server's name
		return d.fault(Lacking, "")
	}
	d.stage = Asked
	d.say("STARTTLS")
	code, _, err = d.reply()
	switch {
	case err != nil:
		return err
	case code != "220":
		return d.fault(Refused, d.last())
	}
	return nil
}

// offers reports whether one of the lines begins with a word.
func offers(lines []string, word string) bool {
	for _, l := range lines {
		if first, _, _ := strings.Cut(l, " "); strings.EqualFold(first, word) {
			return true
		}
	}
	return false
}

// reply takes a reply of SMTP: its code, and its lines without that (RFC 5321 §4.2).
func (d *dialogue) reply() (code string, lines []string, err error) {
	for {
		l, err := d.line()
		if err != nil {
			return "", nil, err
		}
		if len(l) < 3 || strings.Trim(l[:3], "0123456789") != "" || len(lines) > 0 && l[:3] != code {
			return "", nil, d.fault(Strange, l)
		}
		code = l[:3]
		if len(l) == 3 { // a code alone is the last line
			return code, append(lines, ""), nil
		}
		lines = append(lines, l[4:])
		switch l[3] {
		case ' ':
			return code, lines, nil
		case '-':
		default:
			return "", nil, d.fault(Strange, l)
		}
	}
}
