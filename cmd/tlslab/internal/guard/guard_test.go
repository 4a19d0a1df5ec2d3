package guard

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const addr = "127.0.0.1:8081"

// ask is what h answers to a request for target, by a browser that has these cookies.
func ask(h http.Handler, target string, cookies []*http.Cookie, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = addr
	for _, c := range cookies {
		r.AddCookie(c)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// inside answers, to whoever gets that far.
var inside = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("inside " + r.URL.Path)) })

// TestLocal: who asks by a name that is not ours, or comes from elsewhere, is not let in. A browser
// says where it is from in two ways; one that says nothing is let in for what it asks.
func TestLocal(t *testing.T) {
	h := Local(addr, inside)
	for name, test := range map[string]struct {
		header string // name, value, name, value …
		status int
	}{
		"nothing said":         {"", 200},
		"typed":                {"Sec-Fetch-Site|none|Sec-Fetch-Mode|navigate|Sec-Fetch-Dest|document", 200},
		"our own page":         {"Sec-Fetch-Site|same-origin|Sec-Fetch-Mode|cors|Sec-Fetch-Dest|empty|Origin|http://" + addr, 200},
		"a link elsewhere":     {"Sec-Fetch-Site|cross-site|Sec-Fetch-Mode|navigate|Sec-Fetch-Dest|document", 200},
		"by name":              {"Host|localhost:8081", 200},
		"rebound":              {"Host|evil.example:8081", 421},
		"another port":         {"Host|127.0.0.1:8000", 421},
		"a foreign origin":     {"Origin|https://evil.example", 403},
		"a file":               {"Origin|null", 403},
		"another port's":       {"Origin|http://127.0.0.1:9000", 403},
		"a foreign script":     {"Sec-Fetch-Site|cross-site|Sec-Fetch-Mode|no-cors|Sec-Fetch-Dest|script", 403},
		"a foreign picture":    {"Sec-Fetch-Site|cross-site|Sec-Fetch-Mode|no-cors|Sec-Fetch-Dest|image", 403},
		"a foreign frame":      {"Sec-Fetch-Site|cross-site|Sec-Fetch-Mode|navigate|Sec-Fetch-Dest|iframe", 403},
		"a neighbour's frame":  {"Sec-Fetch-Site|same-site|Sec-Fetch-Mode|navigate|Sec-Fetch-Dest|iframe", 403},
		"a neighbour's script": {"Sec-Fetch-Site|same-site|Sec-Fetch-Mode|cors|Sec-Fetch-Dest|empty", 403},
		"no such word":         {"Sec-Fetch-Site|x", 403},
	} {
		var header []string
		if test.header != "" {
			header = strings.Split(test.header, "|")
		}
		res := ask(h, "/", nil, header...)
		if res.StatusCode != test.status {
			t.Errorf("%s: %s", name, res.Status)
		}
		if res.Header.Get("Cache-Control") != "no-store" || !strings.HasSuffix(res.Header.Get("Content-Security-Policy"), "; frame-ancestors 'none'") || res.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", name, res.Header)
		}
	}
	if res := ask(Local("127.0.0.9:8081", inside), "/", nil, "Host", "127.0.0.9:8081"); res.StatusCode != 200 {
		t.Errorf("where it listens: %s", res.Status)
	}
}

// TestToken: the token in the address becomes a cookie and leaves the address; without it, with
// another one, or at another path, nobody is let in.
func TestToken(t *testing.T) {
	token := NewToken("8081")
	refused := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	h := token.Require(inside, refused)
	address, ok := strings.CutPrefix(token.Address("http://"+addr), "http://"+addr)
	if !ok || len(token.secret) < 22 || NewToken("8081").secret == token.secret { // 22 digits of base64 are 128 bits
		t.Fatal(address)
	}
	res := ask(h, address+"&lang=zh", nil)
	at := res.Header.Get("Location")
	cookies := res.Cookies()
	if res.StatusCode != http.StatusSeeOther || at != token.path+"?lang=zh" || strings.Contains(at, token.secret) || len(cookies) != 1 {
		t.Fatalf("%s, to %q, with %v", res.Status, at, cookies)
	}
	c := cookies[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != token.path || c.Path == "/" || c.Domain != "" {
		t.Errorf("the cookie is %s", c.Raw)
	}
	other := []*http.Cookie{{Name: c.Name, Value: NewToken("8081").secret}}
	for name, test := range map[string]struct {
		target  string
		cookies []*http.Cookie
		status  int
	}{
		"with the cookie":            {token.path + "feed", cookies, 200},
		"without":                    {token.path, nil, 403},
		"another's":                  {token.path, other, 403},
		"empty":                      {token.path, []*http.Cookie{{Name: c.Name}}, 403},
		"a part of it":               {token.path, []*http.Cookie{{Name: c.Name, Value: c.Value[:len(c.Value)-1]}}, 403},
		"of another port":            {token.path, []*http.Cookie{{Name: "tlslab_8082", Value: c.Value}}, 403},
		"at another path":            {"/", cookies, 403},
		"beside the path":            {strings.TrimSuffix(token.path, "/") + "x/", cookies, 403},
		"another in the address":     {"/?token=" + other[0].Value, nil, 403},
		"none in the address":        {"/?token=", nil, 403},
		"in the address of the list": {token.path + address[1:], nil, 403},
	} {
		if res := ask(h, test.target, test.cookies); res.StatusCode != test.status {
			t.Errorf("%s: %s", name, res.Status)
		}
	}
}
