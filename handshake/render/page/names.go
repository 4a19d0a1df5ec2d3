package page

// element is the name of an HTML element.
type element uint8

// The elements that this page is made of. Those before firstWithContent have no content.
const (
	elMeta element = iota
	elLink
	elBr
	elInput
	elWbr
	firstWithContent
	elHTML
	elHead
	elTitle
	elStyle
	elScript
	elBody
	elHeader
	elMain
	elFooter
	elNav
	elSection
	elDiv
	elP
	elH1
	elH2
	elH3
	elH4
	elOl
	elUl
	elLi
	elSpan
	elA
	elB
	elCode
	elDetails
	elSummary
	elTable
	elCaption
	elThead
	elTbody
	elTr
	elTh
	elTd
	elDl
	elDt
	elDd
	elButton
	elFieldset
	elLegend
	elLabel
)

var elements = [...]string{
	elMeta: "meta", elLink: "link", elBr: "br", elInput: "input", elWbr: "wbr", elHTML: "html", elHead: "head", elTitle: "title", elStyle: "style",
	elScript: "script", elBody: "body", elHeader: "header", elMain: "main", elFooter: "footer", elNav: "nav", elSection: "section",
	elDiv: "div", elP: "p", elH1: "h1", elH2: "h2", elH3: "h3", elH4: "h4", elOl: "ol", elUl: "ul", elLi: "li", elSpan: "span",
	elA: "a", elB: "b", elCode: "code", elDetails: "details", elSummary: "summary", elTable: "table", elCaption: "caption",
	elThead: "thead", elTbody: "tbody", elTr: "tr", elTh: "th", elTd: "td", elDl: "dl", elDt: "dt", elDd: "dd", elButton: "button",
	elFieldset: "fieldset", elLegend: "legend", elLabel: "label",
}

// attribute is the name of an attribute.
type attribute uint8

// The attributes. There is none for a handler and none for a style.
const (
	noAttribute attribute = iota
	attrID
	attrClass
	attrHref
	attrLang
	attrCharset
	attrHTTPEquiv
	attrName
	attrContent
	attrRel
	attrType
	attrValue
	attrOpen
	attrChecked
	attrScope
	attrColspan
	attrTranslate
	attrRole
	attrTabindex
	attrTitle
	attrAriaLabel
	attrAriaLive
	attrAriaHidden
	attrAriaLevel
	attrDataFlow
	attrDataParties
	attrDataFrom
	attrDataTo
	attrDataDir
	attrDataLeg
	attrDataParty
	attrDataSeq
	attrDataOnlooker
	attrDataAccess
	attrDataF
	attrDataKind
	attrDataOff
	attrDataView
	attrDataKeys
	attrDataSaid
	attrDataCopy
	attrDataCould
	attrFor
	attrDataKnows
)

var attributeNames = [...]string{
	attrID: "id", attrClass: "class", attrHref: "href", attrLang: "lang", attrCharset: "charset", attrHTTPEquiv: "http-equiv", attrName: "name",
	attrContent: "content", attrRel: "rel", attrType: "type", attrValue: "value", attrOpen: "open", attrChecked: "checked",
	attrScope: "scope", attrColspan: "colspan", attrTranslate: "translate", attrRole: "role", attrTabindex: "tabindex", attrTitle: "title",
	attrAriaLabel: "aria-label", attrAriaLive: "aria-live", attrAriaHidden: "aria-hidden", attrAriaLevel: "aria-level",
	attrDataFlow: "data-flow", attrDataParties: "data-parties", attrDataFrom: "data-from", attrDataTo: "data-to", attrDataDir: "data-dir",
	attrDataLeg: "data-leg", attrDataParty: "data-party", attrDataSeq: "data-seq", attrDataOnlooker: "data-onlooker",
	attrDataAccess: "data-access", attrDataF: "data-f", attrDataKind: "data-kind", attrDataOff: "data-off", attrDataView: "data-view",
	attrDataKeys: "data-keys", attrDataSaid: "data-said", attrDataCopy: "data-copy", attrDataCould: "data-could", attrFor: "for", attrDataKnows: "data-knows",
}
