"""Words that give away the diagnosis, its test or its era in a chest note, by category."""

from mmcore.domain.task import LeakTerm

_BEFORE = (
    r"(?:(?:tested|confirmed|proven|known|suspected|suspicious|suspicion|typical|classical"
    r"|indeterminate|positive|negative"
    r"|due|secondary|related|consistent|compatible|in keeping|diagnosed|diagnosis|presumed|possible"
    r"|probable|probably)\s+"
    r"(?:(?:for|of|with|to|as|a|an|the)\s+){0,2})?"
)
_AFTER = (
    r"(?:[\s,-]+(?:disease|infections?|infected|patients?|cases?|subjects?|symptoms|related|compatible"
    r"|contacts?|rna|dna"
    r"|nucleic\s+acid)\b){0,2}"
    r"(?:[\s:,(-]+(?:(?:was|were|is|are|has|had|been|which|sent|turned|came|back|out|to|be|repeatedly"
    r"|consistently|again"
    r"|tested|initially|result(?:ed|s)?)\s+){0,5}"
    r"(?:positive|negative|detected|not\s+detected|confirmed|excluded|ruled\s+out|inconclusive)\b)?"
)

_COVID = (
    r"(?:#?\b(?:c?ovid)(?:[\s-]*(?:20)?19)?"
    r"|\b(?:novel\s+)?corona(?:[\s-]*vir(?:us(?:es)?|al))?\b(?!\s+(?:radiata|mortis)\b)(?:\s+disease)?(?:\s+2019)?|\bc[\s-]?19\b"
    r"|\b(?:omicron|delta)\s+(?:sub)?variants?\b|\bcov[\s-]?2\b"
    r"|\b(?:2019[\s-]*)?n[\s-]?cov\b|\bsars(?:[\s-]*cov)?(?:[\s-]*2)?\b|\bmers(?:[\s-]*cov)?\b"
    r"|\bsevere\s+acute\s+respiratory\s+syndrome(?:\s+coronavirus(?:\s*2)?)?"
    r"|\bmiddle\s+east(?:ern)?\s+respiratory\s+syndrome"
    r"|\bco-?rads\s*\d?)"
)
_PNEUMONIA = (
    r"(?:(?:viral|bacterial|fungal|atypical|typical|aspiration|lipoid|nosocomial|opportunistic|organi[sz]ing"
    r"|community|hospital|ventilator|acquired|associated)[\s-]+){0,3}"
    r"\b(?:broncho|pleuro)?-?pneumoni(?:as?|c|tis)\b"
)
_GERMS = (
    r"\b(?:pneumocystis|jiroveci+|carinii|pcp|pjp|strep(?:tococc\w*)?|pneumococc\w*"
    r"|staph(?:ylococc\w*)?|mrsa|klebsiella"
    r"|legionell\w*|legionnaires?(?:['’]?s?\s+disease)?|psittac\w+|actinomyc\w+|coxiella|q\s+fever|mycoplasma|chlamyd\w*"
    r"|ha?emophilus|pseudomonas|e\.?\s*coli|escherichia|influenzae?"
    r"|flu|h1n1|h5n1"
    r"|rsv|respiratory\s+syncytial|adenovirus|rhinovirus|(?:meta|para)(?:pneumovirus|influenza)"
    r"|varicella|chicken\s?pox"
    r"|herpes(?:\s+(?:simplex|zoster))?|hsv(?:-?\d)?|cytomegalovirus|cmv|aspergill\w*|cryptococc\w*"
    r"|nocardi\w*|candid(?:a|osis|iasis|ema?ia)"
    r"|histoplasm\w*|tubercul\w*|mycobacteri\w*|m?tb|virus(?:es)?|viral(?!\s+(?:load|suppression))"
    r"|pneumoniae)\b"
    r"|\b(?:bacterial|fungal)\s+(?:super|co-?)?infections?|\bother\s+(?:respiratory\s+)?pathogens?\b"
)
_PCR = (
    r"(?:\b(?:real[\s-]*time\s+)?(?:reverse[\s-]*transcript\w*\W*)?polymerase\s+chain\s+reaction(?:\s*\(\s*r?r?t?-?pcr\s*\))?"
    r"|\br?rt[\s-]?pcr\b|\breal[\s-]*time\s+pcr\b|\breverse[\s-]*transcript\w*"
    # Italian notes write PCR for C-reactive protein ("PCR 71 mg/l"): those stay
    r"|(?<!elevated\s)(?<!increased\s)(?<!raised\s)(?<!normal\s)(?<!high\s)\bpcr\b"
    r"(?!\s*[=:>(]*\s*\d)(?!\s*(?:and|,)\s*(?:pro)?calc)(?!\s+(?:was\s+|is\s+)?(?:in\s+the\s+norm"
    r"|elevated|increased|raised|normal|mg)))"
)
_SWAB = (
    r"(?:\b(?:naso[\s/-]*)?(?:oro[\s/-]*)?(?:pharyngeal|nasal|throat|viral)\s+(?:swabs?|specimens?"
    r"|aspirates?)\b|\bswabs?\b"
    r"|\b(?:positive|negative|initially\s+no)\s+buffers?\b|\bbuffers?(?=\s*(?:for\b|\())"
    r"|\b(?:rapid\s+)?antigen(?:ic)?(?:\s+tests?)?\b|\bserolog\w+|\b(?:urinary"
    r"|urine)\s+antigens?(?:\s+tests?)?"
    r"|\b(?:ig[mg]\s+)?antibod(?:y|ies)\s+tests?|\bloop-mediated\s+isothermal\s+amplification(?:\s+test)?"
    r"|\btest(?:ed|s|ing)?\s+(?:\w+\s+){0,2}(?:positive|negative)\b|\b(?:positive|negative)\s+tests?\b"
    r"|\bnucleic\s+acid\b"
    r"|\b(?:gram[\s-]*stain\w*|(?:blood|sputum|urine|viral)\s+cultures?)\b)"
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_NAME = r"(?-i:[A-Z]\w*(?:['’.-]\w+)*)"

LEAK_TERMS = (
    LeakTerm("diagnosis", _BEFORE + _COVID + _AFTER),
    LeakTerm("diagnosis", _BEFORE + _PNEUMONIA + _AFTER),
    LeakTerm("pathogen", _BEFORE + r"(?:" + _GERMS + r")" + _AFTER),
    LeakTerm("test", _BEFORE + _PCR + _AFTER),
    LeakTerm("test", _BEFORE + _SWAB + _AFTER),
    LeakTerm(
        "conclusion",
        r"\bno\s+(?:evidence\s+of\s+|signs?\s+of\s+)?(?:acute|active|significant|relevant|abnormal"
        r"|thoracic|intrathoracic|other relevant)"
        r"\s+(?:\S+\s+){0,3}(?:findings?|abnormalit(?:y|ies)|disease|process|patholog(?:y"
        r"|ies))(?:\s+(?:was|were)\s+\w+)?"
        r"|\bno\s+findings?\b|\bno\s+abnormalit(?:y|ies)\b(?!\s+(?:of|in)\b)"
        r"|\b(?:normal|unremarkable)\s+(?:chest\s+|thora(?:x|cic)\s+)?(?:x-?\s?rays?|radiograph(?:y|s)?"
        r"|radiogram|films?|cxr|findings|appearances)\b"
        r"|\b(?:chest\s+)?(?:x-?\s?rays?|radiograph(?:y|s)?|radiogram|films?"
        r"|cxr)\s+(?:\([^)]{0,12}\)\s*)?(?:(?:was|were|is|are|appears?)\s+)?"
        r"(?:normal|unremarkable)\b"
        r"|\bnothing\s+abnormal\b|\bnormal\s+chest\b|\bhealthy\s+(?:volunteer|control|subject|individual)s?\b",
    ),
    LeakTerm(
        "exposure",
        r"\b(?:wuhan|wuchang|hubei|huanan)(?:\s+(?:city|province|district))?\b|\b(?:seafood|wet"
        r"|live[\s-]animal)\s+(?:wholesale\s+)?markets?\b"
        r"|(?<!parenchymal\s)\b(?:epidemic\s+)?outbreaks?\b|\b(?:pan|epi)demic(?:s|\s+area)?\b"
        r"|\bepidemiologic(?:al)?\s+(?:link|risk)\b"
        r"|\b(?:non-)?endemic\s+(?:area|region|zone)s?\b|\b(?:red|risk)\s+zones?\b|\b(?:areas?|regions?"
        r"|cities)\s+at\s+(?:high\s+)?risk\b|\brisk\s+areas?\b"
        r"|\bquarantin\w*|\b(?:self-)?isolat(?:ed|ion)\b|\bself-isolating\b|\blockdown\b|\bpersonal\s+prote(?:c"
        r"|ct)ti?(?:ve|on)\s+equipment\b|\bppe\b"
        r"|\b(?:close\s+)?contacts?\s+with\b|\b(?:co-?)?habit\w*|\bhousehold\s+(?:members?|contacts?)\b"
        r"|\bexpos(?:ure|ed)(?:\s+to)?\b"
        r"|\b(?:recent(?:ly)?\s+|overseas\s+|international\s+|high\s+risk\s+)*travel(?:l?(?:ed"
        r"|ing))?(?:\s+history)?(?:\s+(?:to|from))?\b"
        r"|\b(?:returned|returning|arrived|visiting|visited|visitor|flown)\b(?:\s+(?:from|to|in|at))?"
        r"|\bairport\b|\bcruise(?:\s+ship)?\b",
    ),
    LeakTerm(
        "treatment",
        r"\b(?:remdesivir|(?:lopi|lipo|rito|daru|favipi|umife)navir\w*|favipiravir|oseltamivir"
        r"|umifenovir|arbidol|ribavirin|kaletra"
        r"|(?:hydroxy)?chloroquine|plaquenil|tocilizumab|sarilumab|anakinra|baricitinib|interferon\S*"
        r"|convalescent\s+plasma|molnupiravir"
        r"|nirmatrelvir|paxlovid|ciclesonide|anti-?virals?|(?:co-?)?trimoxazole"
        r"|trimethoprim(?:[\s/-]+sulfamethoxazole)?|pentamidine|septrin|bactrim"
        r"|anti-?fungals?|a[cz]yclovir|vaccin\w*)\b",
    ),
    LeakTerm(
        "date",
        r"\b(?:(?:on|in|since|from|until|of|early|late|mid|end)\s+){0,2}"
        r"(?:\d{1,2}(?:st|nd|rd|th)?(?:\s+of)?\s+" + _MONTH + r"(?:,?\s+(?:19|20)\d\d)?"
        r"|"
        + _MONTH
        + r"\s+\d{1,2}(?:st|nd|rd|th)?\b(?:,?\s+(?:19|20)\d\d)?|"
        + _MONTH
        + r",?\s+(?:of\s+)?(?:19|20)\d\d"
        r"|(?:19|20)\d\d-\d\d-\d\d|\d{1,2}[/.]\d{1,2}[/.](?:\d{4}|\d\d)(?!\d)|(?<![\d.,])(?:19[5-9]"
        r"|20[0-4])\d(?![\d.,]*\d)(?!\s*(?:/|x|ml|mg|g|cells)))"
        r"|\b(?:on|in|since|from|until|during)\s+(?:early\s+|late\s+|mid-?)?(?-i:January|February|March"
        r"|April|May|June|July|August|September|October"
        r"|November|December)\b|\b(?:on|dated|since)\s+\d{1,2}/\d{1,2}\b",
    ),
    LeakTerm(
        "place",
        r"\b(?:" + _NAME + r"\s+){1,5}(?:(?:of|for|and)\s+(?:" + _NAME + r"\s+){1,3})?"
        r"(?-i:Hospital|Clinic|University|Universit\w+|College|Institute|Infirmary|(?:Medical|Clinical"
        r"|Health)\s+Cent(?:er|re))\b"
        r"(?:\s+affiliated\s+to(?:\s+" + _NAME + r"){1,4})?"
        r"|\b(?:" + _NAME + r"\s+){1,3}(?-i:City|County|Province|District|Island)\b"
        r"|\b(?-i:China|Chinese|Hong\s+Kong|Macau|Taiwan|Japan(?:ese)?|(?:South\s+)?Korean?|Singapore"
        r"|Thailand|Thai|Vietnam(?:ese)?|Iran(?:ian)?"
        r"|Ital(?:y|ian)|Spain|Spanish|France|French|German(?:y)?|England|Britain|British|U\.?K\.?"
        r"|United\s+(?:Kingdom|States)|USA|America[n]?"
        r"|Canad(?:a|ian)|Australian?|India(?:n)?|Turk(?:ey|ish)|Brazil(?:ian)?|Mexic(?:o|an)"
        r"|Egypt(?:ian)?|Israel(?:i)?|Netherlands|Dutch|Belgium"
        r"|Switzerland|Swiss|Austria(?:n)?|Ireland|Irish|Caribbean|Uganda|Afric(?:a|an)|Europe(?:an)?"
        r"|Asian?|Saudi\s+Arabia|Pakistan|Nepal(?:ese)?"
        r"|Malaysia|Philippines|Indonesia|Russian?|Sweden|Norway|Denmark|Portugal|Greece|Poland"
        r"|Beijing|Shanghai|Shenzhen|Guangzhou|Seoul|Daegu|Tokyo|Hanoi|Ho\s+Chi\s+Minh|Taipei|Tehran"
        r"|Milan|Lombardy|Bergamo|Turin|Florence"
        r"|Rome|Venice|Naples|Bologna|Cuneo|Paris|London|Madrid|Barcelona|Berlin|Toronto|New\s+York"
        r"|Washington|Boston|Seattle)\b",
    ),
    LeakTerm(
        "reference",
        r"\(?\bcourtesy\s+of\b[^.)]{0,120}\)?|\(?\b(?:fig(?:ure)?|image|panel|appendix"
        r"|table)s?\.?\s*(?:p?\d+\s?[a-z]?|[a-h])\b\)?"
        r"|\b(?:case|patient)\s+#?(?:\d+|[a-d])\b",
    ),
)
