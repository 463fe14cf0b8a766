"""Which words of a prompt mean what. Earlier lines of a table win over later ones."""

import re
from dataclasses import dataclass

from filmgate.engines.scenes.brief import Action, Grade, Land, Light, Move, Subject, Weather


@dataclass(frozen=True, slots=True)
class Words:
    """English words and phrases, divided by commas (a plural s is understood), and Chinese ones, bare."""

    english: str
    chinese: str = ""

    def found_in(self, text: str) -> bool:
        return self._pattern.search(text) is not None

    @property
    def _pattern(self) -> re.Pattern[str]:
        # `re` keeps compiled patterns; Chinese has no spaces, so its words have no edges to look for.
        english = "|".join(word.strip() for word in self.english.split(","))
        chinese = "".join(f"|{word}" for word in self.chinese.split())
        return re.compile(rf"\b(?:{english})(?:s|es)?\b{chinese}")


LIGHTS = {
    Light.DAWN: Words(
        "dawn, sunrise, daybreak, early morning, morning, misty morning", "黎明 日出 清晨 早晨"
    ),
    Light.SUNSET: Words(
        "sunset, sundown, golden hour, golden light, setting sun", "日落 夕阳 落日"
    ),
    Light.DUSK: Words("dusk, twilight, evening, blue hour, nightfall, gloaming", "黄昏 傍晚 暮"),
    Light.NIGHT: Words(
        "night, midnight, nighttime, moon, moonlight, moonlit, moonrise, star, starry, starlight, stargazing,"
        " milky way, galaxy, aurora, northern lights, neon, cyberpunk, nocturnal, firework, lantern",
        "夜 月 星 极光 霓虹 银河",
    ),
    Light.OVERCAST: Words(
        "storm, stormy, thunder, thunderstorm, lightning, overcast, gloomy, gray sky, grey sky, blizzard,"
        " tempest, hurricane, downpour, moody",
        "暴风 雷 闪电 阴天 乌云",
    ),
    Light.DAY: Words(
        "day, daytime, sunny, noon, midday, afternoon, bright, blue sky, summer, spring, sunshine, daylight",
        "白天 晴 阳光 中午 蓝天",
    ),
}

LANDS = {
    Land.STREET: Words(
        "street, alley, neon, cyberpunk, sidewalk, pavement, road, nightclub, market, plaza, stage, times square",
        "街 巷 霓虹",
    ),
    Land.CITY: Words(
        "city, cities, skyline, cityscape, downtown, skyscraper, metropolis, urban, tokyo, new york, manhattan,"
        " shanghai, hong kong, chicago, london, paris, town, harbor, harbour, building, tower",
        "城 都市 大楼 摩天 上海 东京 北京",
    ),
    Land.DESERT: Words(
        "desert, dune, sahara, sand dune, camel, oasis, mars, martian", "沙漠 沙丘 火星"
    ),
    Land.FOREST: Words(
        "forest, wood, woods, woodland, jungle, pine, fir, spruce, taiga, grove, trees, camping",
        "森林 树林 丛林",
    ),
    Land.MOUNTAINS: Words(
        "mountain, peak, alp, alpine, himalaya, summit, ridge, cliff, fjord, glacier, volcano, canyon, everest,"
        " rockies, dragon, castle",
        "山 峰 峡谷 火山 冰川",
    ),
    Land.HILLS: Words(
        "hill, meadow, field, grassland, valley, prairie, savanna, farm, countryside, pasture, garden, park, moor,"
        " vineyard, grass, steppe, flower, lawn",
        "丘 草原 田野 草地 花园 公园 山谷",
    ),
    Land.SEA: Words(
        "sea, ocean, seascape, beach, coast, coastal, shore, wave, surf, island, lighthouse, ship, whale,"
        " sailing, sailboat, tropical, bay, dolphin",
        "海 洋 沙滩 岛 浪",
    ),
}

WATER = Words(
    "lake, river, sea, ocean, water, beach, coast, shore, wave, pond, fjord, lagoon, bay, harbor, harbour, island,"
    " boat, sailboat, ship, reflection, stream, flood, canal, oasis, kayak, canoe",
    "湖 河 江 海 水 浪 船 岛 倒影",
)

WEATHERS = {
    Weather.RAIN: Words(
        "rain, raining, rainy, rainfall, raindrop, drizzle, downpour, thunderstorm, monsoon, typhoon, hurricane,"
        " shower, umbrella",
        "雨",
    ),
    Weather.SNOW: Words(
        "snow, snowing, snowy, snowfall, snowflake, snowstorm, blizzard, christmas", "雪"
    ),
    Weather.FIREFLIES: Words(
        "firefly, fireflies, lightning bug, glowing, magical, magic, enchanted, fairy, fairies, dreamlike, lantern",
        "萤火虫 魔法 仙",
    ),
    Weather.EMBERS: Words(
        "ember, fire, flame, spark, campfire, bonfire, volcano, lava, dragon, wildfire, ash, battle",
        "火 熔岩 龙",
    ),
    Weather.PETALS: Words(
        "petal, cherry blossom, blossom, sakura, flower, wedding, romantic, spring",
        "樱花 花瓣 花 春",
    ),
    Weather.LEAVES: Words(
        "autumn, fall leaves, falling leaves, leaves, leaf, maple, october, windy", "秋 落叶 枫"
    ),
}

SUBJECTS = {
    Subject.CAT: Words("cat, kitten, kitty, kitties, feline", "猫"),
    Subject.DOG: Words("dog, puppy, puppies, corgi, wolf, wolves, fox, husky", "狗 犬 狼 狐"),
    Subject.PERSON: Words(
        "person, man, woman, girl, boy, child, kid, dancer, people, couple, figure, hiker, monk, samurai,"
        " astronaut, robot, traveler, traveller, someone, he, she, hero, wizard, knight, silhouette, model, runner",
        "人 女孩 男孩 女人 男人 少女 舞者 宇航员 机器人",
    ),
    Subject.LIGHTHOUSE: Words("lighthouse", "灯塔"),
    Subject.BOAT: Words(
        "boat, sailboat, sailing, ship, yacht, sail, kayak, canoe, pirate, junk, vessel", "船 帆 舟"
    ),
    Subject.BALLOON: Words("balloon, hot air balloon, airship", "气球"),
    Subject.BIRDS: Words(
        "bird, gull, seagull, eagle, hawk, crane, geese, goose, flock, swallow, raven, crow, dragon",
        "鸟 鹰 鹤 雁",
    ),
    Subject.TREE: Words("tree, lone tree, oak, willow, acacia, bonsai, swing", "一棵树 孤树 树下"),
}

ACTIONS = {
    Action.DANCE: Words(
        "dance, dancing, dancer, ballet, waltz, party, jumping, jump, celebrating, playing, disco",
        "舞 跳 玩",
    ),
    Action.WALK: Words(
        "walk, walking, run, running, stroll, strolling, hiking, wandering, marching, chasing, jogging",
        "走 跑 奔",
    ),
}

MOVES = {
    Move.PAN_LEFT: Words(
        "pan left, pans left, panning left, camera left, tracking left", "左移 向左"
    ),
    Move.PAN_RIGHT: Words(
        "pan, pans, panning, camera right, tracking shot, pan right, dolly", "右移 向右 平移"
    ),
    Move.PULL_OUT: Words(
        "zoom out, pull back, pulls back, pull out, pulling back, zooming out", "拉远"
    ),
    Move.PUSH_IN: Words(
        "zoom, zooms, zooming, zoom in, push in, pushes in, fly over, flying over, flyover, flight, fly through,"
        " dolly in, close up, closeup, forward",
        "推近 推进 飞越",
    ),
    Move.RISE: Words(
        "rise, rises, rising shot, crane, aerial, drone, crane shot, ascend, ascending", "上升 航拍"
    ),
    Move.STILL: Words("static shot, static camera, locked off, fixed camera, tripod", "固定镜头"),
}

GRADES = {
    Grade.MONOCHROME: Words("black and white, monochrome, noir, film noir, grayscale", "黑白"),
    Grade.CINEMATIC: Words(
        "cinematic, film, movie, dramatic, epic, anamorphic, blockbuster", "电影"
    ),
    Grade.VIVID: Words(
        "vivid, vibrant, colorful, colourful, anime, cartoon, fantasy, surreal, dreamy", "鲜艳 动漫"
    ),
}

FOG = Words("fog, foggy, mist, misty, haze, hazy, smoke, smoky, mysterious", "雾 烟")
MOON = Words("moon, moonlight, moonlit, moonrise, full moon", "月")
AURORA = Words("aurora, northern light, southern light, aurora borealis", "极光")
LIGHTNING = Words("lightning, thunder, thunderstorm, tempest", "闪电 雷")
WINTER = Words(
    "snow, snowy, winter, frozen, ice, icy, glacier, arctic, blizzard, christmas, snowfall, snowing, antarctic",
    "雪 冬 冰",
)
CLOUDS = Words("cloud, cloudy, clouded, overcast, dramatic sky, storm, stormy", "云")
CLEAR_SKY = Words(
    "clear sky, cloudless, clear night, clear day, clear skies, blue sky", "晴空 万里无云"
)
NEGATED = re.compile(r"\b(?:no|without|not)\s+(?:an?\s+|any\s+)?[a-z]+")
