package starttls

import "strings"

// imap is RFC 9051 §6.2.1. A server that greets with PREAUTH has let us in already, and there is
// no STARTTLS then (§7.1.4): whoever writes that greeting on the way keeps the connection in the clear.
func (d *dialogue) imap() error {
	l, err := d.line()
	if err != nil {
		return err
	}
	switch word := strings.ToUpper(l); {
	case strings.HasPrefix(word, "* OK"):
	case strings.HasPrefix(word, "* PREAUTH"), strings.HasPrefix(word, "* BYE"):
		return d.fault(Refused, l)
	default:
		return d.fault(Strange, l)
	}
	d.stage = Offering
	d.say("a1 CAPABILITY")
	has := false
	untagged, answer, err := d.tagged("a1 ")
	if err != nil {
		return err
	}
	for _, l := range untagged {
		words := strings.Fields(strings.ToUpper(l))
		if len(words) > 1 && words[1] == "CAPABILITY" {
			for _, w := range words[2:] {
				has = has || w == "STARTTLS"
			}
		}
	}
	if !accepted(answer) {
		return d.fault(Lacking, answer)
	}
	if !has {
		return d.fault(Lacking, "")
	}
	d.stage = Asked
	d.say("a2 STARTTLS")
	if _, answer, err = d.tagged("a2 "); err != nil {
		return err
	}
	if !accepted(answer) {
		return d.fault(Refused, answer)
	}
	return nil
}

// PreAuth reports whether an IMAP server has greeted us as somebody who is logged in: TLS can no longer
// be asked for then, and whoever sits on the way can write that greeting.
func (e *Error) PreAuth() bool {
	return e.Protocol == IMAP && e.Stage == Greeting && strings.HasPrefix(strings.ToUpper(e.Said), "* PREAUTH")
}

// tagged takes the answer to a command, and what comes before it.
func (d *dialogue) tagged(tag string) (untagged []string, answer string, err error) {
	for {
		l, err := d.line()
		switch {
		case err != nil:
			return nil, "", err
		case strings.HasPrefix(l, tag):
			return untagged, l, nil
		case strings.HasPrefix(strings.ToUpper(l), "* BYE"):
			return nil, "", d.fault(Refused, l)
		case !strings.HasPrefix(l, "* "):
			return nil, "", d.fault(Strange, l)
		}
		untagged = append(untagged, l)
	}
}

// accepted reports whether a tagged answer is OK.
func accepted(answer string) bool {
	words := strings.Fields(answer)
	return len(words) > 1 && strings.EqualFold(words[1], "OK")
}
