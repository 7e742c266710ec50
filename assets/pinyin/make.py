"""Makes characters.txt and words.txt of this folder. Run by hand, in an environment of its own; never by the kiosk:

    python -m venv /tmp/pinyin && /tmp/pinyin/bin/pip install pypinyin==0.55.0
    /tmp/pinyin/bin/python assets/pinyin/make.py

The readings come from pypinyin, the order of the characters from the lists below. README.md says where everything is from.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from pypinyin import Style, pinyin  # type: ignore[import-not-found]
from pypinyin.pinyin_dict import pinyin_dict  # type: ignore[import-not-found]

HERE = Path(__file__).resolve().parent

# Family names, the commonest first. The reading of a name that is read otherwise than the word stands in SURNAME_READINGS.
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石"
    "金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤萧康傅洪牛章施季齐庞倪温樊鲁安兰殷颜岳梅易庄"
    "聂关葛左詹柯路吉祁翟阮申尤邢骆苗尚焦辛耿伍管单凌娄裴时宁霍涂曲纪符褚辜游甘焉景欧祝柳包毕喻舒柴文解盛屈谷牟成房穆滕桂冉卜苑连"
    "宗商冷丛全应隋司鲍华闵池楼蒲沙初佟仇费迟车代卓刁艾麻边党窦靳麦蓝古简原查卫宫郎晏项庹栾仝饶巫米敖桑乔荣谌危鞠荆闻翁奚封居储"
    "芦阎巩强明胥占苟晋揭逯於郁班屠水邝敬寇束匡计来鹿佘臧濮利幸楚蔺丘伏赖狄戚晁宿蒙位化扶茅粟花邸竺俞么亓逄湛鄢岑冼区虞索雍邬"
    "诸郗仲权苍戈练皮农甄蔚禹宣由海展尉谯巴荀燕后郜浦沃郦酆祖冀邰郏支牧仰贝都从和习台沐门豆青山冒帅鄂占雒尧阳公祭哈那佴赫塔买"
    "热努图库木阿依吐麦斯慕扎次丹旦洛嘎旺格多普央宁朴元智玄尔双乌包白满铁佟关舒富英伊那瓜完颜钮爱新海果者黑种折秘乜缪繁员仉盍"
    "宓隗乐盖过召洗晟逢谈蔚滑嵇糜松井富巢弓牧车宓蓬郗仰仲伊栾祖刘斜厉戎钭溥印怀鄞索咸籍卓蔺屠乔阴胥能苍双闻莘翟谭贡劳逄姬"
    "申堵桑桂濮牛寿通扈冀郏浦尚农别晏充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国广禄阙东殴殳沃利越夔隆师厍勾敖融"
    "訾阚空毋沙养须丰红竹相晃牟迮者么盂苑初冒线行栗邸宿母户展战才药辉豪兆占官邴"
)
COMMON_SURNAMES = 160
# Characters common in given names, the commonest first; those of transliterated names at the end.
NAMES = (
    "英华玉秀明珍文芳兰国春金红丽建平桂荣德云志林生清海永光福梅忠成军凤新龙强杰伟燕玲敏静霞娟艳丹萍琴莲翠香月美淑素惠慧珠芬芝"
    "菊花凡勇刚义学树根发旺才山东庆安祥贵富宝元先正辉爱民胜利天宇浩然子轩涵雨欣怡佳嘉思梦洁琪雪莉菲倩婷婉娜雯雅颖瑶璐晓小大"
    "长俊峰磊涛超鹏飞斌波辉洋健亮凯帆旭阳晨昊睿博翔泽瑞锋钢铁兵卫武勤俭朝向前进跃跨改革开放联合友谊和泰顺康宁定邦振兴"
    "有财来喜满堂家业传守本立仁礼智信孝廉耀祖宗显达昌盛茂松柏竹江河湖溪泉水火炎土地坤乾锦绣彩凤仙娥姣娇嫦婵妹姐娣姑妮媛嫣"
    "娴婕莹莎萱蓉蓓蕾薇茜茹芸芹荷苗苹英连廷启开元贤良善道远心诚恒毅力久万千百世纪代中亚南北西京沪川湘鄂粤桥树森木楠桐梓榕桃"
    "杏枝叶秋冬夏冰霜露云雷电晴虹星辰日月旦昭晖晶映暖煜炜灿焕炳烈照鸿雁鹤鸣凰麟骏骥驰彬彪斐章绍继承维经纶绪纯绵丝巧灵"
    "秉克可君群珊珂玫琳琼瑛瑜瑾璇环玺钧铭银锁钰鑫鉴满意如愿善庚寅甲乙丁年岁寿彭禄吉庆裕丰隆顺"
    "阿依古丽买提江尔布拉都哈巴吐逊热合曼努图荪卜西帕汗其格和娃扎次桑卓玛嘎堆措多央拉姆斯木苏那高乌特日旦增尼洛追"
)
# Names in use whose characters are not in GB 2312: first among the rest.
RARE_NAMES = (
    "堃喆昇犇垚旻赟翀翊璟玥玟珺珮瑄瑢琇琬煊燊晞晅昉昶旸暐曈曌镕炅陞祎禛頔颋彧劼勍倓偲姮婳婧媖嫄嬿孖烜烨焜熠燚珅珣珩玹"
    "瑀瑨璘璠璥璿瓅皓皞睟睿碏礽稹竑筠筱粲絺绾羿翙翛翯聿胤芃芊芮苡茝荞荃莀菡萩葳蓁蔺薏藟訚诩谞赑赪轲辂迦逖逴郕鄑釴钊钘铖铠鋆錡锳锴镡"
    "闇阗霂霈靓靖韫韬頫颀颉飏飒骁骎骐骢鹍鹭黻龑䶮㛃锜佺侃倞俶傒僖儇冼勔卲埕塬墉奡妤妍姝娉媞嫚寗岍岚崟嵘巍廙弢徽忻怿悫惇慜戬旼昀昃晗晟晔暄曦"
)
# Characters of the Chinese standard list of 2013 that stand outside U+4E00–U+9FFF, as far as one code unit goes.
EXTENSION_A = (
    "㑇㑊㕮㘎㙍㙘㙦㛃㛚㛹㟃㠇㠓㤘㥄㧐㧑㧟㫰㬊㬎㬚㭎㭕㮾㰀㳇㳘㳚㴔㵐㶲㸆㸌㺄㻬㽏㿠䁖䂮䃅䃎䅟䌹䎃䎖䏝䏡䏲䐃䓖䓛䓨䓫䓬䗖䗛䗪䗴䜣䝙䢺䢼䣘䥽䦃䲟䲠"
    "䲢䴓䴔䴕䴖䴗䴘䴙䶮"
)
# The reading of a family name, where it is not the first of the dictionary's. Both, where families differ.
SURNAME_READINGS = {
    "欧": "ou",
    "单": "shan", "区": "ou", "仇": "qiu", "查": "zha", "曾": "zeng", "解": "xie", "任": "ren", "华": "hua", "盖": "ge gai", "乐": "yue le",
    "朴": "piao", "尉": "wei yu", "员": "yun", "宓": "mi", "缪": "miao", "纪": "ji", "召": "shao", "洗": "xian", "覃": "qin tan",
    "翟": "zhai", "折": "she", "黑": "he", "种": "chong", "秘": "bi", "繁": "po", "晟": "cheng", "郗": "xi chi", "车": "che", "隗": "wei kui",
    "葛": "ge", "宁": "ning", "过": "guo", "那": "na", "俞": "yu", "於": "yu", "燕": "yan", "祭": "zhai", "柏": "bai", "贾": "jia",
    "石": "shi", "沈": "shen", "冼": "xian", "万": "wan", "么": "yao", "应": "ying", "曲": "qu", "都": "du", "台": "tai", "哈": "ha",
    "尧": "yao", "佴": "nai", "乜": "nie", "逄": "pang", "行": "xing hang", "令": "ling", "无": "wu", "相": "xiang", "能": "nai", "殷": "yin",
    "眭": "sui", "谌": "chen shen", "褚": "chu", "占": "zhan", "阚": "kan", "重": "chong", "藏": "zang", "臧": "zang", "牟": "mu mou",
    "费": "fei bi", "冯": "feng", "贲": "ben", "长": "chang", "卜": "bu", "柯": "ke", "吕": "lv", "巷": "xiang", "闫": "yan", "祁": "qi",
    "句": "gou", "勾": "gou", "车": "che", "和": "he", "奇": "qi", "戚": "qi", "莘": "shen xin", "尹": "yin", "於": "yu", "郇": "xun",
    "仝": "tong", "六": "lu", "麻": "ma", "颉": "xie", "冒": "mao", "钭": "tou", "厍": "she", "迮": "ze", "宿": "su", "番": "pan", "盛": "sheng",
    "幸": "xing", "谭": "tan", "薄": "bo", "殳": "shu", "呙": "guo", "庹": "tuo", "亓": "qi", "仉": "zhang", "邝": "kuang", "郜": "gao",
    "訾": "zi", "毋": "wu", "堵": "du", "嵇": "ji", "炅": "gui", "暨": "ji", "大": "da", "隽": "juan", "观": "guan", "郝": "hao", "芮": "rui",
}
COMPOUND = (
    "欧阳ouyang 上官shangguan 司马sima 诸葛zhuge 皇甫huangfu 尉迟yuchi 公孙gongsun 慕容murong 长孙zhangsun 司徒situ 令狐linghu 东方dongfang"
    " 夏侯xiahou 独孤dugu 宇文yuwen 轩辕xuanyuan 南宫nangong 西门ximen 端木duanmu 百里baili 呼延huyan 万俟moqi 澹台tantai 濮阳puyang"
    " 公冶gongye 宗政zongzheng 太叔taishu 申屠shentu 仲孙zhongsun 钟离zhongli 鲜于xianyu 闾丘lvqiu 司空sikong 亓官qiguan 司寇sikou"
    " 单于chanyu 赫连helian 拓跋tuoba 完颜wanyan 纳兰nalan 叶赫yehe 叶赫那拉yehenala 第五diwu 谷梁guliang 梁丘liangqiu 左丘zuoqiu"
    " 东郭dongguo 南门nanmen 公羊gongyang 漆雕qidiao 壤驷rangsi 公良gongliang 拓拔tuoba 宰父zaifu 夹谷jiagu 段干duangan 微生weisheng"
    " 羊舌yangshe 巫马wuma 乐正yuezheng 闻人wenren 爱新觉罗aixinjueluo 陆费lufei 张简zhangjian 范姜fanjiang"
).split()
# Places, and what is written into a note at a desk.
WORDS = (
    "北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海 台湾"
    " 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 石家庄 太原 沈阳 大连 长春 哈尔滨 南京 苏州 无锡 杭州 宁波 温州 合肥 福州 厦门 泉州 南昌 济南 青岛"
    " 烟台 郑州 洛阳 武汉 宜昌 长沙 广州 深圳 珠海 佛山 东莞 中山 惠州 汕头 南宁 桂林 海口 三亚 成都 绵阳 贵阳 遵义 昆明 拉萨 兰州 西宁 银川"
    " 乌鲁木齐 呼和浩特 包头 唐山 保定 徐州 常州 南通 嘉兴 绍兴 台州 金华 芜湖 赣州 潍坊 临沂 襄阳 岳阳 株洲 柳州"
    " 街道 社区 居委会 村委会 派出所 医院 养老院 敬老院 福利院 老年公寓 乡镇 新村 小区 单元 大道 花园 公寓 宿舍 工业区 开发区"
    " 儿子 女儿 儿媳 女婿 丈夫 妻子 配偶 父亲 母亲 哥哥 弟弟 姐姐 妹妹 孙子 孙女 外孙 侄子 侄女 外甥 邻居 朋友 监护人 代办人 委托书"
    " 户口 户口簿 身份证 护照 证明 死亡 火化 去世 住院 卧床 瘫痪 失明 失聪 残疾 行动不便 迁移 注销 出国 定居 搬家 联系电话 本人 家属 子女 亲属"
    " 已核实 电话核实 上门核实 照片不符 证件过期 证件丢失 指纹 签名 按手印 不会写字 听力不好 视力不好 退休 机械厂 公司 工厂 学校 供销社 农场 林场"
).split()


def readings(character: str) -> list[str]:
    """Return the readings of a character as one types them: no tones, v for ü."""
    found = pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=False)[0]
    return list(dict.fromkeys(_typed(one) for one in found))


def _typed(reading: str) -> str:
    # Readings without a vowel (嗯 呒 哼) and ê are typed as the nearest that a keyboard has.
    return {"n": "en", "ng": "en", "m": "mu", "hm": "heng", "hng": "heng", "ê": "ei"}.get(reading, reading.replace("ü", "v"))


def level(character: str) -> int:
    """Return 1 or 2 for the levels of GB 2312, 3 for what it does not have."""
    try:
        first = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return 3
    return 1 if first <= 0xD7 else 2


def main() -> None:
    """Write both files."""
    surnames, names, rare = (list(dict.fromkeys(text)) for text in (SURNAMES, NAMES, RARE_NAMES))
    ranked: dict[str, list[tuple[tuple[int, int], str]]] = defaultdict(list)

    def put(syllable: str, rank: tuple[int, int], character: str) -> None:
        ranked[syllable].append((rank, character))

    everything = [chr(code) for code in range(0x4E00, 0xA000) if code in pinyin_dict] + list(dict.fromkeys(EXTENSION_A))
    for number, character in enumerate(surnames):
        for place, syllable in enumerate(SURNAME_READINGS.get(character, readings(character)[0]).split()):
            # A rare family name waits behind what is common in given names, unless it is looked up under this reading alone.
            front = number < COMMON_SURNAMES or (character in SURNAME_READINGS and place == 0)
            put(syllable, (0 if front else 2, number), character)
    for number, character in enumerate(names):
        put(readings(character)[0], (1, number), character)
    for number, character in enumerate(everything):
        for place, syllable in enumerate(readings(character)):
            if level(character) < 3:
                # the first reading of a level before the further ones
                put(syllable, (level(character) * 2 + 1 + (place > 0), number), character)
            elif character in rare:
                put(syllable, (7, rare.index(character)), character)
            else:
                put(syllable, (8 + (place > 0), number), character)

    lines = []
    for syllable in sorted(ranked):
        tiers: list[list[str]] = [[], [], []]    # in names; in GB 2312; the rest
        seen: set[str] = set()
        for rank, character in sorted(ranked[syllable]):
            if character not in seen:
                seen.add(character)
                tiers[0 if rank[0] < 3 else 1 if rank[0] < 7 else 2].append(character)
        lines.append(" ".join([syllable, *("".join(tier) or "-" for tier in tiers)]))
    order = "".join(dict.fromkeys([*surnames[:260], *names, *surnames]))
    _write("characters.txt", [f"* {order}", *lines])

    syllables = set(ranked)
    words: dict[str, list[str]] = defaultdict(list)
    for pair in COMPOUND:
        letters = pair.lstrip("".join(c for c in pair if not c.isascii()))
        words[letters].append(pair.removesuffix(letters))
    for word in dict.fromkeys(WORDS):
        parts = [one[0] for one in pinyin(word, style=Style.NORMAL, v_to_u=False)]
        words["".join(parts)].append(word)
    _write("words.txt", [f"{letters} {' '.join(dict.fromkeys(words[letters]))}" for letters in sorted(words)
                         if letters not in syllables])


def _write(name: str, lines: list[str]) -> None:
    (HERE / name).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
