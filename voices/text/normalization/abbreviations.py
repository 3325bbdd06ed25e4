"""Expansions of abbreviations and symbols, in American usage."""

TITLES = {
    "mr": "Mister", "mrs": "Missus", "ms": "Miz", "messrs": "Messers", "dr": "Doctor", "prof": "Professor",
    "rev": "Reverend", "hon": "Honorable", "gen": "General", "sen": "Senator", "rep": "Representative",
    "gov": "Governor", "lt": "Lieutenant", "col": "Colonel", "sgt": "Sergeant", "capt": "Captain", "cmdr": "Commander",
    "maj": "Major", "pres": "President", "mt": "Mount", "ft": "Fort", "st": "Saint",
}  # fmt: skip
"""Titles before names."""
TITLES_ANYWHERE = ("mr", "mrs", "ms", "dr", "prof")
ABBREVIATIONS = {
    "jr": "Junior", "sr": "Senior", "vs": "versus", "etc": "et cetera", "inc": "Incorporated", "ltd": "Limited",
    "corp": "Corporation", "co": "Company", "dept": "Department", "est": "established", "approx": "approximately",
    "ave": "Avenue", "blvd": "Boulevard", "rd": "Road", "hwy": "Highway", "apt": "Apartment", "esq": "Esquire",
    "bros": "Brothers", "assn": "Association", "govt": "government", "mins": "minutes",
}  # fmt: skip
BEFORE_NUMBERS = {
    "No": "number", "Nos": "numbers", "no": "number", "nos": "numbers", "Fig": "figure", "fig": "figure",
    "Figs": "figures", "Vol": "volume", "vol": "volume", "Ch": "chapter", "ch": "chapter", "p": "page", "pp": "pages",
    "Sec": "section", "Art": "article", "Apt": "apartment", "Eq": "equation", "ext": "extension", "Ext": "extension",
    "v": "version", "ver": "version", "max": "maximum", "Max": "maximum", "min": "minimum", "Min": "minimum",
    "pg": "page", "Pg": "page", "eq": "equation", "Ste": "suite",
    "temp": "temperature", "Temp": "temperature", "tel": "telephone", "Tel": "telephone", "ca": "about", "c": "about",
}  # fmt: skip
PHRASES = {
    "e.g.": "for example", "i.e.": "that is", "a.k.a.": "also known as", "w/o": "without", "w/": "with",
    "b/c": "because", "n/a": "not applicable", "c/o": "care of", "et al.": "and others", "cf.": "compare",
    "viz.": "namely", "ca.": "about", "ph.d.": "P-H-D", "ph.d": "P-H-D", "phd": "P-H-D",
}  # fmt: skip
MONTHS = "January February March April May June July August September October November December".split()
MONTH_OF = {month[:length].lower(): month for month in MONTHS for length in (3, 4, 9)}
WEEKDAY_OF = {
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday",
    "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip
SPELLED = (
    "AMA BA BC BCE CFO CIO COO CPU CTO DIY DUI ECS EPA ETA ETF FAQ FYI GOP GPU IMF IMU IOC IPO IQ LED LTE NIH NYC OMG "
    "PC ROI RSVP SEO SSD TBD TV UK USB VIP VPN"
).split()
"""Initialisms that look like words."""
SENTENCE_STARTERS = (
    "The This That These Those He She It They We You I And But So Then There In On At If When What"
).split()
"""Words that, after an abbreviation, show that its period also ended the sentence."""

ROMAN: tuple[str, ...] = (
    *(
        "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX "
        "XXI XXII XXIII XXIV XXV XXVI XXVII XXVIII XXIX XXX XXXI XXXII XXXIII XXXIV XXXV XXXVI XXXVII XXXVIII XXXIX XL "
        "XLI XLII XLIII XLIV XLV XLVI XLVII XLVIII XLIX L LI LII LIII LIV LV LVI LVII LVIII LIX LX"
    ).split(),
)
ROMAN_ALONE = "II III IV VI VII VIII IX XI XII XIII XIV XV XVI XVII XVIII XIX XXI XXII XXIII".split()
"""Roman numerals after any word: in capitals they are hardly ever anything else."""
COUNTED = (
    "War Chapter Part Act Scene Volume Book Section Article Phase Type Title Class Stage Level Grade Bowl Episode "
    "Saturn Mark Appendix Rocky Figure Table Schedule Division Category Fantasy Option"
).split()
"""Words before a Roman numeral that is read "two"."""
REGNAL = (
    "Henry Louis Elizabeth Charles George Edward James William Richard Paul Pius Benedict Napoleon Nicholas Catherine "
    "Alexander Peter Philip Frederick Wilhelm Leo Gregory Clement Innocent Boniface Urban Francis Ferdinand Leopold "
    "Otto Robert Mary Ivan Ramses Ptolemy Gustav Christian Haakon Joseph Edwin Constantine Theodore Basil Rudolf "
    "Xerxes Darius Thurston John David Albert Alfonso Harald Olaf Sixtus Julius"
).split()
"""Names before a Roman numeral that is read "the second"."""

CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"), "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"), "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"), "₩": ("won", "won", "jeon", "jeon"),
    "₽": ("ruble", "rubles", "kopeck", "kopecks"), "₺": ("lira", "lira", "kurush", "kurush"),
    "₪": ("shekel", "shekels", "agora", "agorot"), "₴": ("hryvnia", "hryvnias", "kopeck", "kopecks"),
    "₱": ("peso", "pesos", "centavo", "centavos"), "₦": ("naira", "naira", "kobo", "kobo"),
    "₫": ("dong", "dong", "hao", "hao"), "฿": ("baht", "baht", "satang", "satang"),
}  # fmt: skip
CURRENCY_CODES = {
    "USD": ("$", "U-S "), "EUR": ("€", ""), "GBP": ("£", ""), "JPY": ("¥", ""), "INR": ("₹", ""), "KRW": ("₩", ""),
    "CAD": ("$", "Canadian "), "AUD": ("$", "Australian "), "NZD": ("$", "New Zealand "), "HKD": ("$", "Hong Kong "),
}  # fmt: skip
"""Codes of ISO 4217: the sign, and the nation before its name."""
SCALES = {
    "thousand": "thousand", "million": "million", "billion": "billion", "trillion": "trillion", "k": "thousand",
    "K": "thousand", "M": "million", "m": "million", "mn": "million", "B": "billion", "bn": "billion", "b": "billion",
    "T": "trillion", "tn": "trillion",
}  # fmt: skip
UNITS = {
    "km/h": ("kilometer per hour", "kilometers per hour"), "kph": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"), "m/s": ("meter per second", "meters per second"),
    "km": ("kilometer", "kilometers"), "m": ("meter", "meters"), "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"), "microm": ("micrometer", "micrometers"), "nm": ("nanometer", "nanometers"),
    "ft": ("foot", "feet"), "sq ft": ("square foot", "square feet"), "yd": ("yard", "yards"), "mi": ("mile", "miles"),
    "kg": ("kilogram", "kilograms"), "g": ("gram", "grams"), "mg": ("milligram", "milligrams"),
    "microg": ("microgram", "micrograms"), "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"), "L": ("liter", "liters"), "l": ("liter", "liters"), "ml": ("milliliter", "milliliters"),
    "mL": ("milliliter", "milliliters"), "gal": ("gallon", "gallons"),
    "gals": ("gallon", "gallons"), "qts": ("quart", "quarts"),
    "mpg": ("mile per gallon", "miles per gallon"), "kmh": ("kilometer per hour", "kilometers per hour"),
    "kmph": ("kilometer per hour", "kilometers per hour"), "mAh": ("milliamp hour", "milliamp hours"),
    "mA": ("milliamp", "milliamps"), "mV": ("millivolt", "millivolts"), "kV": ("kilovolt", "kilovolts"),
    "ohm": ("ohm", "ohms"), "kohm": ("kilohm", "kilohms"), "Mohm": ("megohm", "megohms"),
    "microF": ("microfarad", "microfarads"), "nF": ("nanofarad", "nanofarads"), "pF": ("picofarad", "picofarads"),
    "microL": ("microliter", "microliters"), "microV": ("microvolt", "microvolts"),
    "kcal": ("kilocalorie", "kilocalories"),
    "kPa": ("kilopascal", "kilopascals"), "hPa": ("hectopascal", "hectopascals"), "MPa": ("megapascal", "megapascals"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "h": ("hour", "hours"), "min": ("minute", "minutes"), "mins": ("minute", "minutes"), "sec": ("second", "seconds"),
    "secs": ("second", "seconds"), "s": ("second", "seconds"), "ms": ("millisecond", "milliseconds"),
    "micros": ("microsecond", "microseconds"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"), "KB": ("kilobyte", "kilobytes"),
    "kB": ("kilobyte", "kilobytes"), "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"), "kbps": ("kilobit per second", "kilobits per second"),
    "Mbps": ("megabit per second", "megabits per second"), "W": ("watt", "watts"), "kW": ("kilowatt", "kilowatts"),
    "Gbps": ("gigabit per second", "gigabits per second"), "bps": ("bit per second", "bits per second"),
    "tbsp": ("tablespoon", "tablespoons"), "tsp": ("teaspoon", "teaspoons"), "pkg": ("package", "packages"),
    "pkgs": ("package", "packages"), "pt": ("pint", "pints"), "qt": ("quart", "quarts"),
    "fl oz": ("fluid ounce", "fluid ounces"),
    "inch": ("inch", "inches"), "sq. ft": ("square foot", "square feet"), "sq m": ("square meter", "square meters"),
    "yr": ("year", "years"), "yrs": ("year", "years"), "mo": ("month", "months"), "mos": ("month", "months"),
    "wk": ("week", "weeks"), "wks": ("week", "weeks"), "mcg": ("microgram", "micrograms"),
    "MP": ("megapixel", "megapixels"),
    "USD": ("U-S dollar", "U-S dollars"), "EUR": ("euro", "euros"), "GBP": ("pound", "pounds"), "p": ("penny", "pence"),
    "MW": ("megawatt", "megawatts"), "kWh": ("kilowatt hour", "kilowatt hours"), "V": ("volt", "volts"),
    "dB": ("decibel", "decibels"), "psi": ("P-S-I", "P-S-I"), "rpm": ("R-P-M", "R-P-M"),
    "bpm": ("beat per minute", "beats per minute"),
    "fps": ("frame per second", "frames per second"), "dpi": ("D-P-I", "D-P-I"),
    "sq mi": ("square mile", "square miles"),
    "ppm": ("part per million", "parts per million"), "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"), "°": ("degree", "degrees"), "%": ("percent", "percent"),
    "¢": ("cent", "cents"),
}  # fmt: skip
"""Units: singular and plural."""
PER = {
    "h": "hour", "hr": "hour", "hour": "hour", "day": "day", "wk": "week", "week": "week", "mo": "month",
    "month": "month", "yr": "year", "year": "year", "min": "minute", "s": "second", "sec": "second",
    "person": "person", "night": "night", "lb": "pound", "kg": "kilogram", "gal": "gallon",
    "L": "liter", "dL": "deciliter", "mL": "milliliter", "acre": "acre", "serving": "serving",
}  # fmt: skip
"""Units after a slash."""
SPELLED_DOMAINS = frozenset("edu io ai uk us eu de fr ca au jp ch nl se tv nz br www".split())
ADDRESS_SYMBOLS = {
    ".": "dot", "@": "at", "/": "slash", "-": "dash", "_": "underscore", ":": "colon", "?": "question mark",
    "&": "and", "=": "equals", "#": "hash", "%": "percent", "+": "plus", "~": "tilde",
}  # fmt: skip
SYMBOLS = {
    "&": "and", "@": "at", "%": "percent", "+": "plus", "=": "equals", "$": "dollars", "€": "euros", "£": "pounds",
    "¥": "yen", "₹": "rupees", "₩": "won", "₽": "rubles",
    "₺": "lira", "₪": "shekels", "₴": "hryvnias", "₱": "pesos", "₦": "naira", "₫": "dong", "฿": "baht",
    "¢": "cents", "°": "degrees", "×": "times", "÷": "divided by", "±": "plus or minus",
    "≤": "less than or equal to", "≥": "greater than or equal to", "≠": "not equal to", "≈": "about", "→": "to",
    "§": "section", "©": "copyright", "\\": "backslash",
}  # fmt: skip
"""Symbols that no other rule reads."""
