"""How tables of permits are headed, and what their words mean, in the languages they come in. Data: a language more is a line more."""

import re
import unicodedata

# What a row says; the names people give the columns, without regard to case, accents in Vietnamese, spaces and signs.
HEADERS: dict[str, tuple[str, ...]] = {
    "plate": ("plate", "plate number", "number plate", "licence plate", "license plate", "registration", "车牌", "车牌号", "车牌号码", "车辆号牌", "号牌号码",
              "biển số", "biển số xe", "biển kiểm soát", "biển đăng ký"),
    "plate_colour": ("plate colour", "plate color", "colour", "color", "车牌颜色", "号牌颜色", "màu biển", "màu biển số"),
    "vin": ("vin", "chassis", "chassis number", "vehicle identification number", "车架号", "车辆识别代号", "车辆识别代码", "số khung", "số vin"),
    "operator": ("operator", "operator name", "company", "carrier", "owner", "业户名称", "企业名称", "经营者", "运输企业", "doanh nghiệp", "đơn vị",
                 "đơn vị vận tải", "đơn vị kinh doanh vận tải", "chủ xe", "tên doanh nghiệp"),
    "operator_licence": ("operator licence", "operator license", "operator licence number", "business licence", "经营许可证", "经营许可证号",
                         "giấy phép kinh doanh",
                         "giấy phép kinh doanh vận tải", "số gpkd"),
    "permit": ("permit", "permit number", "transport permit", "transport permit number", "badge", "道路运输证", "道路运输证号", "运输证号", "phù hiệu",
               "số phù hiệu",
               "giấy phép", "số giấy phép"),
    "scope": ("scope", "permit scope", "kind", "经营范围", "营运类型", "loại hình", "loại hình vận tải", "loại hình kinh doanh", "phạm vi kinh doanh"),
    "valid_from": ("valid from", "from", "start", "issued", "issue date", "有效期起", "发证日期", "起始日期", "ngày cấp", "từ ngày", "hiệu lực từ",
                   "ngày bắt đầu"),
    "valid_until": ("valid to", "valid until", "to", "until", "expires", "expiry", "expiry date", "有效期止", "有效期至", "到期日期", "终止日期", "đến ngày",
                    "ngày hết hạn", "hiệu lực đến", "có giá trị đến"),
    "areas": ("area", "areas", "route", "routes", "corridor", "线路", "路线", "运营线路", "区域", "经营区域", "tuyến", "tuyến đường", "khu vực",
              "vùng hoạt động"),
    "state": ("state", "status", "状态", "营运状态", "trạng thái", "tình trạng"),
    "terminal": ("terminal", "terminal phone", "sim", "sim number", "phone of terminal", "终端手机号", "终端号", "终端sim卡号", "số sim", "sim thiết bị",
                 "mã thiết bị"),
}  # fmt: skip

# Never taken in: docs/decisions/0020. Whose terminal it is decides nothing, so nobody here shall be able to ask.
LEFT_OUT = ("terminal maker", "terminal model", "terminal manufacturer", "terminal vendor", "device maker", "device model", "maker", "manufacturer", "model",
            "终端厂商", "终端型号", "制造商", "设备厂家", "设备型号", "hãng thiết bị", "nhà cung cấp thiết bị", "nhà sản xuất thiết bị", "loại thiết bị",
            "model thiết bị")  # fmt: skip

SCOPES: dict[str, tuple[str, ...]] = {
    "passenger": ("passenger", "passengers", "coach", "bus", "客运", "班线客运", "道路旅客运输", "旅客运输", "khách", "hành khách", "vận tải hành khách",
                  "tuyến cố định", "xe khách"),
    "charter": ("charter", "tourist", "包车客运", "旅游客运", "旅游包车", "hợp đồng", "du lịch", "xe hợp đồng"),
    "school": ("school", "school bus", "校车", "xe đưa đón học sinh", "học sinh"),
    "taxi": ("taxi", "出租", "出租客运", "巡游出租", "xe taxi"),
    "goods": ("goods", "freight", "cargo", "普通货运", "道路普通货物运输", "货运", "hàng hóa", "vận tải hàng hóa", "xe tải"),
    "container": ("container", "集装箱", "集装箱运输", "công ten nơ", "xe container"),
    "dangerous-goods": ("dangerous goods", "dangerous-goods", "hazmat", "hazardous", "危险货物", "危险货物运输", "道路危险货物运输", "危货", "hàng nguy hiểm",
                        "hàng hóa nguy hiểm", "vận chuyển hàng nguy hiểm"),
}  # fmt: skip

STATES: dict[str, tuple[str, ...]] = {
    "in-force": ("", "in force", "in-force", "valid", "active", "有效", "正常", "营运", "còn hiệu lực", "hoạt động", "đang hoạt động"),
    "suspended": ("suspended", "暂停", "停运", "报停", "tạm dừng", "đình chỉ", "tạm đình chỉ"),
    "revoked": ("revoked", "withdrawn", "cancelled", "注销", "吊销", "撤销", "thu hồi", "hủy", "hết hiệu lực"),
}

COLOURS: dict[int, tuple[str, ...]] = {  # JT/T 415-2006 5.4.12
    0: ("", "unknown", "none"),
    1: ("blue", "蓝", "蓝色", "xanh", "xanh dương", "xanh lam"),
    2: ("yellow", "黄", "黄色", "vàng"),
    3: ("black", "黑", "黑色", "đen"),
    4: ("white", "白", "白色", "trắng"),
    5: ("green", "绿", "绿色", "渐变绿", "xanh lá", "xanh lá cây"),
    9: ("other", "其他", "khác"),
}


def plain(text: str) -> str:
    """A heading or a word, for comparing: no accents, no case, no spaces, no signs.

    >>> plain("Biển số  xe") == plain("BIEN_SO_XE"), plain("有效期 起")
    (True, '有效期起')
    """
    parts = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    return re.sub(r"[\W_]+", "", "".join(sign for sign in parts if not unicodedata.combining(sign)))


def _by_word(table: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {plain(word): name for name, words in table.items() for word in (name, *words)}


COLUMN_OF = _by_word(HEADERS)
IS_LEFT_OUT = frozenset(map(plain, LEFT_OUT))
SCOPE_OF = _by_word(SCOPES)
STATE_OF = {plain(word): name for name, words in STATES.items() for word in words}
COLOUR_OF = {plain(word): number for number, words in COLOURS.items() for word in words}
