"""A few hundred Chinese words for things in photos, with the English that detectors read.

No dictionary of the language: everyday nouns and the adjectives that tell one thing from
another. Whatever is not made of these words is left to the user, who is asked for English.
"""

from __future__ import annotations

import re

_NOUNS = """
人 person, 人物 person, 人们 people, 行人 pedestrian, 路人 pedestrian, 游客 tourist,
男人 man, 男子 man, 男士 man, 女人 woman, 女子 woman, 女士 woman, 男孩 boy, 男生 boy,
女孩 girl, 女生 girl, 孩子 child, 小孩 child, 儿童 child, 婴儿 baby, 宝宝 baby, 老人 elderly person,
新娘 bride, 新郎 groom, 士兵 soldier, 警察 police officer, 人群 crowd, 影子 shadow, 阴影 shadow,
倒影 reflection, 脸 face, 头 head, 头发 hair, 眼睛 eye, 手 hand, 脚 foot, 胡子 beard,
狗 dog, 小狗 dog, 猫 cat, 小猫 cat, 猫咪 cat, 鸟 bird, 鸽子 pigeon, 海鸥 seagull, 鸡 chicken,
鸭子 duck, 鸭 duck, 天鹅 swan, 鹅 goose, 马 horse, 牛 cow, 奶牛 cow, 羊 sheep, 山羊 goat, 猪 pig,
兔子 rabbit, 老鼠 mouse, 松鼠 squirrel, 鹿 deer, 熊 bear, 熊猫 panda, 老虎 tiger, 狮子 lion,
大象 elephant, 长颈鹿 giraffe, 斑马 zebra, 猴子 monkey, 狐狸 fox, 狼 wolf, 骆驼 camel, 鱼 fish,
乌龟 turtle, 蛇 snake, 青蛙 frog, 蝴蝶 butterfly, 蜜蜂 bee, 蜘蛛 spider, 昆虫 insect, 动物 animal,
车 car, 汽车 car, 轿车 car, 小汽车 car, 出租车 taxi, 公交车 bus, 公共汽车 bus, 巴士 bus, 卡车 truck,
货车 truck, 面包车 van, 警车 police car, 救护车 ambulance, 消防车 fire truck, 摩托车 motorcycle,
自行车 bicycle, 单车 bicycle, 电动车 scooter, 三轮车 tricycle, 火车 train, 地铁 subway train,
飞机 airplane, 直升机 helicopter, 无人机 drone, 船 boat, 小船 boat, 帆船 sailboat, 轮船 ship,
车轮 wheel, 轮子 wheel, 轮胎 tire, 车牌 license plate, 婴儿车 stroller, 轮椅 wheelchair,
树 tree, 大树 tree, 树木 tree, 棕榈树 palm tree, 树枝 branch, 树叶 leaf, 叶子 leaf, 树干 trunk,
花 flower, 花朵 flower, 鲜花 flower, 玫瑰 rose, 向日葵 sunflower, 草 grass, 草地 grass,
灌木 bush, 植物 plant, 盆栽 potted plant, 蘑菇 mushroom, 石头 stone, 岩石 rock, 山 mountain,
海 sea, 河 river, 湖 lake, 水 water, 波浪 wave, 海滩 beach, 沙滩 beach, 雪 snow, 雪人 snowman,
天空 sky, 云 cloud, 太阳 sun, 月亮 moon, 彩虹 rainbow, 火 fire, 烟 smoke, 烟花 fireworks,
房子 house, 房屋 house, 建筑 building, 建筑物 building, 大楼 building, 高楼 tall building,
塔 tower, 桥 bridge, 门 door, 窗户 window, 窗 window, 墙 wall, 屋顶 roof, 楼梯 stairs,
围栏 fence, 栅栏 fence, 栏杆 railing, 道路 road, 路 road, 马路 road, 人行道 sidewalk,
斑马线 crosswalk, 红绿灯 traffic light, 交通灯 traffic light, 路灯 street light, 路牌 street sign,
标志 sign, 招牌 sign, 牌子 sign, 广告牌 billboard, 海报 poster, 旗子 flag, 旗帜 flag,
电线 power line, 电线杆 utility pole, 杆子 pole, 柱子 pillar, 消防栓 fire hydrant, 垃圾桶 trash can,
垃圾 trash, 长椅 bench, 邮箱 mailbox, 雕像 statue, 雕塑 sculpture, 喷泉 fountain, 帐篷 tent,
桌子 table, 餐桌 dining table, 书桌 desk, 椅子 chair, 沙发 sofa, 床 bed, 枕头 pillow, 被子 blanket,
毯子 blanket, 柜子 cabinet, 书架 bookshelf, 架子 shelf, 灯 lamp, 台灯 desk lamp, 吊灯 chandelier,
蜡烛 candle, 镜子 mirror, 窗帘 curtain, 地毯 carpet, 画 painting, 相框 picture frame, 时钟 clock,
钟 clock, 电视 television, 电视机 television, 电脑 computer, 笔记本电脑 laptop, 笔记本 notebook,
键盘 keyboard, 鼠标 computer mouse, 手机 phone, 电话 telephone, 相机 camera, 耳机 headphones,
遥控器 remote control, 空调 air conditioner, 风扇 fan, 冰箱 refrigerator, 微波炉 microwave,
烤箱 oven, 水槽 sink, 马桶 toilet, 浴缸 bathtub, 水龙头 faucet, 毛巾 towel, 牙刷 toothbrush,
瓶子 bottle, 水瓶 water bottle, 杯子 cup, 咖啡 coffee, 咖啡杯 coffee cup, 茶壶 teapot, 玻璃杯 glass,
碗 bowl, 盘子 plate, 碟子 saucer, 刀 knife, 叉子 fork, 勺子 spoon, 筷子 chopsticks, 锅 pot,
花瓶 vase, 花盆 flower pot, 篮子 basket, 盒子 box, 箱子 box, 纸箱 cardboard box, 袋子 bag,
塑料袋 plastic bag, 包 bag, 背包 backpack, 书包 backpack, 手提包 handbag, 钱包 wallet,
行李箱 suitcase, 书 book, 纸 paper, 笔 pen, 铅笔 pencil, 剪刀 scissors, 钥匙 key, 雨伞 umbrella,
伞 umbrella, 遮阳伞 parasol, 帽子 hat, 眼镜 glasses, 墨镜 sunglasses, 太阳镜 sunglasses, 口罩 mask,
围巾 scarf, 手套 glove, 衣服 clothes, 衬衫 shirt, 外套 jacket, 裙子 skirt, 连衣裙 dress,
裤子 pants, 鞋 shoe, 鞋子 shoe, 靴子 boot, 袜子 sock, 领带 tie, 手表 watch, 项链 necklace,
戒指 ring, 耳环 earring, 球 ball, 足球 soccer ball, 篮球 basketball, 网球 tennis ball,
网球拍 tennis racket, 滑板 skateboard, 冲浪板 surfboard, 滑雪板 ski, 风筝 kite, 气球 balloon,
热气球 hot air balloon, 火箭 rocket, 玩具 toy, 玩具熊 teddy bear, 娃娃 doll, 吉他 guitar,
钢琴 piano, 鼓 drum, 苹果 apple, 香蕉 banana, 橙子 orange, 橘子 orange, 葡萄 grapes,
西瓜 watermelon, 草莓 strawberry, 柠檬 lemon, 水果 fruit, 蔬菜 vegetable, 西红柿 tomato,
番茄 tomato, 胡萝卜 carrot,
面包 bread, 蛋糕 cake, 披萨 pizza, 汉堡 hamburger, 三明治 sandwich, 热狗 hot dog, 鸡蛋 egg,
食物 food, 文字 text, 水印 watermark, 标签 label, 污渍 stain, 裂缝 crack, 玻璃 glass,
东西 thing, 物体 object
"""

_ADJECTIVES = """
红 red, 红色 red, 橙色 orange, 黄 yellow, 黄色 yellow, 绿 green, 绿色 green, 蓝 blue, 蓝色 blue,
紫 purple, 紫色 purple, 粉 pink, 粉色 pink, 粉红色 pink, 白 white, 白色 white, 黑 black,
黑色 black, 灰 gray, 灰色 gray, 棕色 brown, 褐色 brown, 金色 golden, 银色 silver, 大 large,
小 small, 高 tall, 矮 short, 长 long, 短 short, 圆 round, 圆形 round, 方 square, 方形 square,
旧 old, 破 broken, 透明 transparent, 木 wooden, 木头 wooden, 金属 metal, 塑料 plastic,
左边 left, 右边 right, 左侧 left, 右侧 right, 中间 middle
"""

_TRADITIONAL = (
    "車车貓猫樹树紅红綠绿藍蓝黃黄鳥鸟魚鱼馬马門门頭头發发臉脸眼眼腳脚鴨鸭雞鸡鵝鹅豬猪貝贝龜龟"
    "獅狮電电腦脑機机飛飞燈灯橋桥樓楼牆墙雲云陽阳虹虹煙烟灘滩燭烛鏡镜簾帘畫画鐘钟視视鍵键標标"
    "遙遥櫃柜書书傘伞筆笔鑰钥襯衬褲裤鞋鞋襪袜領领錶表鏈链環环籃篮網网風风箏筝氣气鋼钢蘋苹"
    "檸柠麵面漢汉蛋蛋籤签紙纸袋袋錢钱帶带號号誌志欄栏桿杆線线處处孩孩嬰婴兒儿員员輪轮單单動动"
    "騎骑貨货護护長长頸颈鹿鹿舊旧圓圆銀银屬属邊边側侧間间邊边熱热麗丽沒没個个隻只條条輛辆張张"
    "顆颗這这幾几兩两雙双與与還还戴戴東东體体"
)
_SIMPLIFIED = str.maketrans(_TRADITIONAL[::2], _TRADITIONAL[1::2])

_COUNT = re.compile(
    r"^(?:(?:所有|全部|每|这|那|一|两|二|三|四|五|六|七|八|九|十|几|\d+)+"
    r"(?:些|个|只|条|辆|台|张|把|棵|朵|匹|头|位|名|件|本|支|瓶|块|艘|架|座|栋|盏|面|顶|双|扇|根|堆|群)?)?"
)
_AND = re.compile("以及|还有|和|与|跟|或")
_FILLER = " 的"
_ENGLISH = re.compile(r"[a-z][a-z0-9'&-]*")


def _entries(table: str) -> dict[str, str]:
    pairs = (entry.strip().partition(" ") for entry in table.replace("\n", " ").split(","))
    return {chinese: english for chinese, _, english in pairs}


NOUNS = _entries(_NOUNS)
ADJECTIVES = _entries(_ADJECTIVES)
_WORDS = {**ADJECTIVES, **NOUNS}
_LONGEST = max(map(len, _WORDS))


def translated(part: str) -> list[str] | None:
    """The English of a part of a phrase, as one or more parts; None where a word is unknown.

    part: lower case, Chinese in simplified or common traditional characters; English words
    in it are kept. A count and its measure word are left out: a detector finds all anyway.
    """
    part = part.translate(_SIMPLIFIED).strip()
    if part in NOUNS:
        return [NOUNS[part]]
    results = [_one(piece) for piece in _AND.split(part) if piece.strip()]
    return [result for result in results if result] if results and all(results) else None


def _one(piece: str) -> str | None:
    """Adjectives and a last noun, word for word; the longest known word counts at each place."""
    rest = _COUNT.sub("", piece.strip(), count=1)
    words: list[str] = []
    ends_in_noun = False
    while rest := rest.lstrip(_FILLER):
        latin = _ENGLISH.match(rest)
        known = latin[0] if latin else _longest(rest)
        if known is None:
            return None
        words.append(_WORDS.get(known, known))
        ends_in_noun = bool(latin) or known in NOUNS
        rest = rest[len(known) :]
    return " ".join(words) if ends_in_noun else None


def _longest(rest: str) -> str | None:
    """The longest known word at the beginning."""
    sizes = range(min(_LONGEST, len(rest)), 0, -1)
    return next((rest[:size] for size in sizes if rest[:size] in _WORDS), None)
