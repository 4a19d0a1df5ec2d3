package explain

import (
	"slices"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/narrate"

	"strings"

	"tlslab/handshake/explain"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/suite"
)

// row is a connection's line of the list, or the head of them all. What does not go into a column goes on below it.
type row struct{ n, when, host, version, exchange, opens string }

// Columns of fixed width, and the gap between two. narrowest is of the least that can be told in columns.
const (
	gap         = 2
	numberWide  = 4 // of less than 10,000; a longer one takes its room from the others
	whenWide    = 8
	versionWide = 7 // "TLS 1.3", "QUIC v2"
	narrowest   = 60
	longest     = 60 // of a name that goes on in its column
)

// lines lays a row out in lines of at most width columns.
func (r *row) lines(width int, lang narrate.Lang) []string {
	if width < narrowest {
		return r.joined(width, lang)
	}
	number := sheet.Flush(r.n, numberWide)
	return across(number, r.cells(width-sheet.Width(number)), nil)
}

// cells are the columns behind the number, for which there are width columns. Of 80 a name gets 19, an exchange 14
// ("X25519MLKEM768") and what opens 18; with more room all grow, up to what the longest of their words take.
func (r *row) cells(width int) []cell {
	rest := width - whenWide - versionWide - 5*gap
	exchange := min(max(rest*14/51, 8), 16)
	opens := min(max(rest*18/51, 10), 27)
	name := cell{r.host, min(rest-exchange-opens, 30)}
	if sheet.Width(r.host) > longest { // it stands below
		name.text = sheet.Cut(r.host, name.wide)
	}
	return []cell{{r.when, whenWide}, name, {r.version, versionWide}, {r.exchange, exchange}, {r.opens, opens}}
}

// joined is the row where there is no room for columns: one after the other.
func (r *row) joined(width int, lang narrate.Lang) []string {
	said := slices.DeleteFunc([]string{r.when, r.host, r.version, r.exchange, r.opens}, func(s string) bool { return s == "" })
	number := sheet.Flush(r.n, numberWide) + strings.Repeat(" ", gap)
	below := strings.Repeat(" ", sheet.Width(number))
	lines := sheet.Wrap(cli.Enumerated(lang, said), width-len(below))
	for i := range lines {
		lines[i] = below + lines[i]
	}
	lines[0] = number + lines[0][len(below):]
	return lines
}

// cell is what stands in a column, and how wide that is.
type cell struct {
	text string
	wide int
}

// across lays cells out beside each other, behind first, in as many lines as the longest takes; paint colours a part of
// the cell i, if it is not nil.
func across(first string, cells []cell, paint func(i int, part string) string) (lines []string) {
	rest := make([][]string, len(cells)) // of those that do not fit
	for at := 0; ; at++ {
		line, more := first, false
		if at > 0 {
			line = strings.Repeat(" ", sheet.Width(first))
		}
		for i, c := range cells {
			part, wide := "", sheet.Width(c.text)
			if at == 0 && wide <= c.wide {
				part = c.text
			} else if wide > c.wide {
				if at == 0 {
					rest[i] = sheet.Wrap(c.text, c.wide)
				}
				if at < len(rest[i]) {
					part, more = rest[i][at], more || at+1 < len(rest[i])
				}
			}
			pad := strings.Repeat(" ", max(0, c.wide-sheet.Width(part)))
			if paint != nil && part != "" {
				part = paint(i, part)
			}
			if i > 0 || first != "" {
				line += strings.Repeat(" ", gap)
			}
			line += part + pad
		}
		lines = append(lines, strings.TrimRight(line, " "))
		if !more {
			return lines
		}
	}
}

// host is whom the client asked for.
func host(c *explain.Connection) string {
	if c.ServerName == "" {
		return foreign.Quote(c.Server.String())
	}
	return foreign.Quote(c.ServerName)
}

// column is what stands under the version: of QUIC its own, since TLS there is always 1.3.
func column(c *explain.Connection) string {
	if c.QUIC == nil {
		return version(c)
	}
	if v := c.QUIC.Version; v.Known() {
		return "QUIC v" + v.String()
	}
	return "QUIC"
}

func version(c *explain.Connection) string {
	if c.Version == 0 {
		return ""
	}
	return c.Version.String()
}

// ofSession is exchange of a session of TLS 1.2 that goes on: documents say it so.
const ofSession = "session"

// exchangeIn is exchange for a reader.
func exchangeIn(lang narrate.Lang, c *explain.Connection) string {
	if from := exchange(c); from != ofSession {
		return from
	}
	return cli.Say(lang, "explain_session")
}

// exchange is what the keys come from.
func exchange(c *explain.Connection) string {
	group := ""
	if c.Group.ID != 0 {
		group = c.Group.Name
	}
	su := suite.ByID(c.Suite)
	switch {
	case c.Resumed && group != "":
		return "PSK, " + group
	case c.Resumed && c.Version == iana.TLS13:
		return "PSK"
	case c.Resumed:
		return ofSession
	case group != "":
		return group
	case su != nil && c.Version != iana.TLS13:
		return su.Kx.String()
	}
	return ""
}
