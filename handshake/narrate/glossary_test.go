package narrate

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// wording is a way to say something that no text of a language may use: another term is
// the lesson's, or no native reader would say it so.
type wording struct {
	lang  Lang
	never string // regular expression
	say   string // what is said instead
	why   string
}

// glossary is the words that are settled, by what must not stand in their place.
var glossary = []wording{
	{Zh, `秘钥`, "密钥", "the common misspelling of key"},
	{Zh, `会什么|都不会$|只会这|会 TLS`, "支持", "an end supports a version or a suite; 会 is what a person can do"},
	{Zh, `说的(不)?是( TLS|别的协议)|说 TLS|什么也没说|道别`, "使用, 没有发送数据, 断开连接", "a protocol is used, not spoken"},
	{Zh, `说话|所说的?(内容|，)|说(哪种|什么)协议|在 TCP 上说|说过的话`, "使用, 受…保护的内容", "a protocol is used, data is sent"},
	{Zh, `叶证书`, "终端实体证书", "one term for the end-entity certificate"},
	{Zh, `(^|[的、，：]|换|同)组(或|和|、|之|$)|推导`, "群; 导出", "one term for group, and for deriving"},
	{Zh, `监听者`, "窃听者", "one term for the listener; a server listens (监听), too"},
	{Zh, `挂断`, "断开连接", "a telephone is hung up, not a connection"},
	{Zh, `露馅`, "发现", "slang"},
	{Zh, `老设备|真实的中间盒`, "中间盒（middlebox）, 中间人设备", "中间盒 is the RFC's middlebox, 中间人 the attacker"},
	{Zh, `公开份额|(^|[^钥])份额`, "密钥份额", "one term for key share"},
	{Zh, `回复`, "响应", "an HTTP response is 响应; 回复 is a letter's"},
	{Zh, `(请求|Cookie|等到|等不到|没有|再次|第一次的|收到|得到|丢失)[和与、的]?应答|应答(已收到|丢失|首)`, "响应", "HTTP's is 响应; 应答 is the answering half of a key exchange"},
	{Zh, `采用(了)?(早期数据|$)`, "接受", "early data is accepted or rejected (接受/拒绝)"},
	{Zh, `(记录|记住)(见过|过这条|带早期数据)`, "登记", "记录 is the record of the record protocol; what a defence keeps is 登记"},
	{Zh, `(毫无意义|没有含义)的 ChangeCipherSpec`, "仅为兼容而发的 ChangeCipherSpec", "it has a purpose, as the text says"},
	{Zh, `不受[^，。；]*攻击(，|。|$)`, "不会受到…攻击", "不受 needs its verb"},
	{Zh, `各自以为$`, "各自以为对面是谁", "以为 needs an object"},
	{Zh, `个 ?((TCP|QUIC|TLS) )?连接($|[^ ])`, "条连接", "a connection's measure word; a connection ID has 个"},
	{Zh, `它们还留着它`, "双方仍保留", "two pronouns for two things"},

	{En, `\b[Mm]iddle box|\bold boxes|\b[Bb]ox(es)?\b`, "interceptor; middlebox", "the attacker is an interceptor (a man in the middle); a middlebox is RFC 9846's device on the way, and no attacker"},
	{En, `\bbelieves? to (speak|be)\b`, "believes it is speaking with", "not English"},
	{En, `\bbelongs? into\b`, "belongs in", "not English"},
	{En, `(^|[.:;] |\bagainst )[Ww]ho (has|holds|records?|resumes?|ends?|asks|knows|unpacks|sent)\b`, "whoever", "who without an antecedent asks a question"},
	{En, `\b[Bb]eside all else\b|\bat which [a-z ]+ would\b|\bis spoken of\b|\bfor want of\b`, "in addition to; because there is no", "understood on second reading only"},
	{En, `\bless to wait for\b|\bgives its outline\b|\bstranger's\b|\bno longer tells\b|\bwithout goodbye\b`, "one round trip less; says what kind it is; unknown", "understood on second reading only"},
	{En, `\b[Rr]ight behind\b|\b[Bb]ehind ((the|each) )?(ClientHello|ServerHello|(client's |server's |its own )?Finished)\b`, "after", "one message comes after another, not behind it"},
}

// TestGlossary holds every text to the settled words, the README files and the Chinese of help too,
// and to the English ones the strings of the command, its flags' descriptions among them.
func TestGlossary(t *testing.T) {
	literals := map[string]bool{}
	for _, dir := range []string{"../../cmd", "../render", "../scenario", "../mitm", "../replay"} {
		if err := collect(dir, literals); err != nil {
			t.Fatal(err)
		}
	}
	pages := map[Lang]map[string]string{En: {}, Zh: {}}
	for lang, name := range map[Lang]string{En: "README.md", Zh: "README.zh.md"} {
		for _, folder := range []string{".", "*", "*/*", "*/*/*"} {
			found, err := filepath.Glob("../../" + folder + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			for _, page := range found {
				text, err := os.ReadFile(page)
				if err != nil {
					t.Fatal(err)
				}
				pages[lang][page] = string(text)
			}
		}
		if len(pages[lang]) == 0 {
			t.Fatalf("no page in %s found", lang)
		}
	}
	const help = "../../cmd/tlslab/internal/cli/zh/help.txt"
	text, err := os.ReadFile(help)
	if err != nil {
		t.Fatal(err)
	}
	pages[Zh][help] = regexp.MustCompile(`(?m)^(#|=) .*$`).ReplaceAllString(string(text), "") // comments, and the English
	for _, w := range glossary {
		never := regexp.MustCompile(w.never)
		for _, k := range Kinds() {
			for _, key := range Keys(k) {
				e, _ := Get(w.lang, k, key)
				for _, text := range []string{e.Title, e.Text} {
					if found := never.FindString(text); found != "" {
						t.Errorf("%s %s %q says %q; say %s (%s)", w.lang, k, key, found, w.say, w.why)
					}
				}
			}
		}
		for page, text := range pages[w.lang] {
			if found := never.FindString(text); found != "" {
				t.Errorf("%s says %q; say %s (%s)", page, found, w.say, w.why)
			}
		}
		if w.lang != En {
			continue
		}
		for text := range literals {
			if found := never.FindString(text); found != "" && strings.Contains(text, " ") {
				t.Errorf("the string %q says %q; say %s (%s)", text, found, w.say, w.why)
			}
		}
	}
}

// standard is the field's words that a learner will look up, in the words of the texts
// that explain them: each is to be met at least once.
var standard = map[Lang][]string{
	En: {"middlebox", "eavesdropper", "passive attacker", "man in the middle", "end-entity certificate", "end entity",
		"perfect forward secrecy (PFS)", "AEAD (authenticated encryption with associated data)",
		"STEK, session ticket encryption key", "key share", "trust anchor", "subject alternative name",
		"abbreviated handshake", "pre-shared key", "early data (0-RTT)", "must-staple", "OCSP stapling"},
	Zh: {"中间盒（middlebox）", "窃听者", "被动攻击者", "中间人", "终端实体证书", "前向保密（又称前向安全性，PFS）",
		"AEAD（带附加数据的认证加密）", "STEK，session ticket encryption key", "密钥份额（key share）", "信任锚",
		"主体备用名称（SAN）", "简化握手", "预共享密钥", "早期数据（0-RTT）", "must-staple", "OCSP 装订"},
}

func TestStandardTerms(t *testing.T) {
	for _, l := range Langs() {
		var all strings.Builder
		for _, k := range Kinds() {
			for _, key := range Keys(k) {
				e, _ := Get(l, k, key)
				all.WriteString(e.Title + "\n" + e.Text + "\n")
			}
		}
		for _, term := range standard[l] {
			if !strings.Contains(all.String(), term) {
				t.Errorf("%s: nothing says %q", l, term)
			}
		}
	}
}

// TestTermsAgree holds that the RFC's middlebox is called so in both languages or in
// neither, and that where Chinese names the attacker on the way, English does: the two are
// easily taken for each other. (English repeats the name where Chinese needs no subject.)
func TestTermsAgree(t *testing.T) {
	attacker := regexp.MustCompile(`interceptor|[Mm]an in the middle|MITM`)
	for _, k := range Kinds() {
		for _, key := range Keys(k) {
			en, zh := Must(En, k, key), Must(Zh, k, key)
			e, z := en.Title+en.Text, zh.Title+zh.Text
			if strings.Contains(e, "middlebox") != strings.Contains(z, "中间盒") {
				t.Errorf("%s %q: middlebox and 中间盒 do not answer to each other", k, key)
			}
			if strings.Contains(z, "中间人") && !attacker.MatchString(e) {
				t.Errorf("%s %q: 中间人 in Chinese, and no interceptor in English", k, key)
			}
		}
	}
}

var chineseMarks = []struct{ pattern, why string }{
	{`\p{Han} +\p{Han}`, "a space between two characters shows as a gap"},
	{`[，。、；：？！（）「」《》] | [，。、；：？！（）「」《》”]|[“”] \p{Han}|\p{Han} “`, "a space beside a full-width mark"},
	{`\p{Han}[,;:?!]|[,;:?!]\p{Han}`, "an ASCII mark next to a character"},
	{`\p{Han}\(|\)\p{Han}`, "ASCII brackets around Chinese"},
	{`[，。、；：？！][，。、；：？！]`, "two marks in a row"},
}

// TestChinesePunctuation holds Chinese texts to the marks of their script: no gap between
// two characters or beside a full-width mark, no ASCII mark next to a character, but in
// a formula.
func TestChinesePunctuation(t *testing.T) {
	formula := regexp.MustCompile(`PRF\([^)]*\)`)
	for _, rule := range chineseMarks {
		never := regexp.MustCompile(rule.pattern)
		for _, k := range Kinds() {
			for _, key := range Keys(k) {
				e := Must(Zh, k, key)
				for _, text := range []string{e.Title, e.Text} {
					if found := never.FindString(formula.ReplaceAllString(text, "PRF")); found != "" {
						t.Errorf("%s %q: %q: %s", k, key, found, rule.why)
					}
				}
			}
		}
	}
}
