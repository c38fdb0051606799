"""The Chinese sentence for every error code a user can meet.

The English ones stand where the errors are raised; `{name}` is a value from the error's
details. A test finds every code in the program and holds that it is here.
"""

from __future__ import annotations

ERRORS_ZH: dict[str, str] = {
    # photos and masks
    "file_empty": "{name} 是空文件，请换一个文件。",
    "file_missing": "无法打开 {name}，请确认文件存在并且可以读取。",
    "file_bytes": "{name} 超过 {megabytes} MB，请另存为更小的文件，例如 JPEG。",
    "file_pixels": "{name} 为 {width} × {height} 像素，上限是 {megapixels} 百万像素，请先缩小。",
    "file_format": "{name} 不是可读取的图片，请使用 JPEG、PNG、WebP、GIF、BMP、TIFF、"
    "HEIC 或 AVIF。",
    "file_memory": "{name} 需要的内存超出本机可用内存，请先缩小图片。",
    "file_damaged": "{name} 已损坏或不完整，请重新保存或换一个文件。",
    "mask_shape": "蒙版为 {mask_width} × {mask_height}，照片为 {photo_width} × {photo_height}，"
    "宽高比不同。请提供相同宽高比的蒙版。",
    "mask_size": "蒙版为 {mask_width} × {mask_height} 像素，而照片为 "
    "{photo_width} × {photo_height}，两者尺寸必须相同。",
    "truth_size": "真值图为 {truth_width} × {truth_height} 像素，而照片为 "
    "{photo_width} × {photo_height}，两者必须是同一画面、同一尺寸。",
    "mask_empty": "没有选中任何东西，请先点击物体或画框。",
    "mask_full": "蒙版覆盖了整张照片，没有可用来填充的内容，请少选一些。",
    "photo_gone": "服务器上已没有这张照片，请重新打开。",
    "not_an_upload": "这不是刚刚上传的文件，请重新选择照片。",
    "unknown_example": "没有这个示例，请重新加载页面。",
    # photos behind links
    "download_failed": "下载失败：{reason}。请检查网络后重试。",
    "download_offline": "已设置 ERASER_LAB_OFFLINE，没有下载任何内容。取消后即可下载。",
    "photo_address": "{name} 没有可下载的地址：地址必须以 https:// 开头。",
    "photo_unreachable": "无法下载 {name}：{reason}。请检查网络，或自行从 {url} 保存图片，"
    "放到 ERASER_LAB_PHOTOS 所指文件夹中的 {file}。替代案例提出同样的难题，不需要网络。",
    "photo_offline": "本机没有 {name}，且已设置 ERASER_LAB_OFFLINE，因此没有下载。请取消该设置，"
    "或自行从 {url} 保存图片，放到 ERASER_LAB_PHOTOS 所指文件夹中的 {file}。"
    "替代案例不需要网络。",
    "photo_changed": "{host} 上的 {name} 已不是先前记录的图片（SHA-256 不同），结果将无法比较。"
    "请查看后，如确认无误，用 --accept-changed 采用新图片。",
    "unknown_row": "没有这一行，请重新加载页面。",
    # tables of cases
    "case_without_mask": "{name} 没有蒙版，请另存为 {stem}-mask.png，白色表示擦除。",
    "case_without_photo": "{name} 没有对应的照片，请把 {stem}.jpg 放在旁边。",
    # prompts
    "bad_prompt": "这个提示无法使用，请清除后重新指点。",
    "no_prompts": "还没有指定物体，请点击物体或拖动画框。",
    "empty_box": "框没有面积，请从物体的一角拖到对角。",
    "box_outside": "框在照片（{width} × {height}）之外，请画在照片上。",
    "point_outside": "点（{x}，{y}）在照片（{width} × {height}）之外，请点在照片上。",
    "too_many_points": "点太多，最多 {limit} 个，请移除一些。",
    "too_many_objects": "物体太多（{count} 个），最多 {limit} 个，请移除一些。",
    "two_kinds_of_prompts": "请只给出一种提示：点和框，或者蒙版。",
    "dilate_out_of_range": "蒙版最多可缩小 {low} 像素、扩大 {high} 像素。",
    "dilate_percent_out_of_range": "物体最多可缩小 {low}%、扩大 {high}%。",
    "bad_dilate": "扩大值必须是整数像素。",
    "two_kinds_of_shape": "请只给出 dilate，或在 shape 中给出，不要同时使用。",
    "too_many_strokes": "笔画太多（{count} 笔），最多 {limit} 笔，请撤销一些。",
    "too_many_stroke_points": "笔画的点太多（{count} 个），最多 {limit} 个。"
    "请撤销一些，或使用较短的笔画。",
    "strokes_cover_too_much": "笔画覆盖整张照片的次数太多，请撤销一些最宽的笔画。",
    "upload_gone": "服务器上已没有这个上传的蒙版，请重新上传或移除它。",
    "mask_too_detailed": "这个蒙版的小块太多，无法写成文本，请保存为 PNG 文件。",
    "bad_rle": "文件中的蒙版不是适用于 {width} × {height} 照片的 COCO 压缩游程编码，请重新导出。",
    # cases
    "bad_case": "这不是可用的案例文件（{reason}），请重新导出。",
    "case_version": "此案例由更新版本的程序写成（本程序支持格式版本 {known}），请更新本程序。",
    "case_size": "此案例属于 {case_width} × {case_height} 的照片，而这张照片为 "
    "{photo_width} × {photo_height}，请打开制作它的那张照片。",
    "no_such_level": "没有第 {level} 级蒙版，共有 {levels} 级。",
    "bad_size": "蒙版至少要有一个像素宽。",
    "unknown_segmenter": "没有这个分割模型，可选：{known}。",
    # finding by words
    "phrase_empty": "请输入要查找的物体，例如：red car, dog。",
    "phrase_too_long": "描述太长，最多 {limit} 个字符，请少写几个物体。",
    "phrase_not_english": "检测模型只认识英文，“{words}”没有现成的翻译，"
    "请改用英文，例如：red car, dog。",
    "nothing_detected": "照片上没有与“{words}”足够相符的物体（最高得分 {score}）。"
    "请降低阈值或换个说法。",
    "unknown_detector": "没有这个检测模型，可选：{known}。",
    "detector_missing": "按文字查找需要 {name}（{megabytes} MB），本机还没有。"
    "请先下载，或运行 {command}。",
    "detector_packages": "{name} 需要尚未安装的软件包：{command}",
    "detector_busy": "正在进行的查找太多，请一分钟后再试。",
    # erasers and their settings
    "unknown_eraser": "没有擦除器“{eraser}”，可选：{known}。",
    "eraser_broken": "擦除器“{eraser}”的文件有错误，无法加载；其他擦除器不受影响。",
    "unknown_setting": "{eraser} 没有名为“{setting}”的设置，可用设置：{known}。",
    "bad_setting": "{eraser} 的设置“{setting}”的值无法使用，请检查取值范围。",
    "settings_without_eraser": "给出了 {eraser} 的设置，但没有选择它。",
    "bad_seed": "种子必须是 0 到 {most} 之间的整数。",
    "bad_job_count": "一次最多运行 {most} 个擦除任务，至少一个。",
    "eraser_unavailable": "{eraser} 无法在此运行。{why_zh}",
    "package_missing": "{eraser} 需要尚未安装的软件包：pip install {packages}",
    "quantization_package": "设置 quantization={quantization} 需要尚未安装的软件包："
    "pip install {packages}",
    "quantization_device": "设置 quantization={quantization} 需要 NVIDIA 显卡，本机没有。"
    "请选择 int8 或 none。",
    "package_broken": "软件包 {packages} 无法使用，请重新安装。",
    "device_missing": "{eraser} 需要 {needed} 设备，本机没有。",
    "bad_device_setting": "ERASER_LAB_DEVICE 指定了本机没有的设备“{device}”，请删除或改正。",
    "bad_memory_setting": "ERASER_LAB_MEMORY 必须是以 GB 为单位的正数。",
    "not_enough_memory": "内存不足，无法运行 {eraser}。请关闭其他程序，"
    "或使用更小的图片或别的擦除器。",
    # weights
    "weights_missing": "本机没有 {name}，请先在卡片上点击下载。",
    "weights_gated": "本机没有 {name} 的权重：请先在 {page} 接受其许可，设置 HF_TOKEN 后再下载。",
    "weights_unavailable": "{name} 下载失败。请联网后运行 {command}，"
    "或用环境变量 {variable} 指定本地文件。尝试过：{tried}",
    "weights_login": "{name} 只提供给接受了其许可的用户：请在 {page} 接受许可，在 {tokens} "
    "创建令牌，把 HF_TOKEN 设为该令牌，然后运行 {command}。",
    "weights_licence": "{name} 只提供给接受了其许可的用户，而您的令牌所属的账户尚未获准：请用该账户"
    "打开 {page} 接受许可，或等待发布者答复，然后运行 {command}。",
    "weights_permission": "您的令牌无权读取 {name}：请打开 {tokens}，允许它读取公开的受限仓库，"
    "或创建 Read 类型的令牌，然后运行 {command}。模型页面：{page}",
    "weights_token": "您的模型库令牌无效或已过期，而 {name} 需要令牌：请在 {tokens} 创建新令牌，"
    "把 HF_TOKEN 设为它，然后运行 {command}。模型页面：{page}",
    "weights_no_model": "模型库没有（或不再公开）模型 {repo}，见 {page}。新版本的程序可能知道 "
    "{name} 现在何处；也可用 {variable} 指定您自己的文件。",
    "weights_web_page": "{host} 返回的是网页而不是 {name}：可能是网络的登录页，或该网站今天的限额。"
    "请登录网络或稍候，再运行 {command}；或用 {variable} 指定本地文件。尝试过：{tried}",
    "weights_changed_pinned": "发布者更改了 {name}，已不是本程序核对过的文件。您可以：用 "
    "{variable} 指定旧文件的副本，继续使用旧文件；更新本程序，新版本可能认识新文件；或自担风险，"
    "用 {variable} 指定新文件。尝试过：{tried}",
    "weights_changed_unpinned": "发布者更改了 {name}，已不是本机首次下载的文件。您可以：用 "
    "{variable} 指定旧文件的副本，继续使用旧文件；或运行 {again}，整体换成 {model} "
    "的新文件。尝试过：{tried}",
    "weights_no_room": "磁盘空间不足以同时保存这 {files} 个文件，因此没有下载任何内容。请清理空间，"
    "或用 ERASER_LAB_WEIGHTS 指定更大的磁盘。",
    "token_ignored": "您的模型库令牌无效或已过期，因此不用它下载。请在 {tokens} 创建新令牌并设为 "
    "HF_TOKEN，或删除旧令牌。",
    "waiting_asked": "等待 {seconds} 秒：{host} 要求稍候。",
    "waiting_busy": "等待 {seconds} 秒：{host} 连接中断或繁忙。",
    "weights_by_hand": "本机没有 {name}，程序也无法自动下载。{where_zh}然后把环境变量 {variable} "
    "设为该文件夹；或将该文件夹命名为 {folder}，并把 ERASER_LAB_LOCAL_WEIGHTS 设为它所在的文件夹。",
    "weights_mixed": "{name} 文件夹中的权重彼此不匹配，请指向作者提供的原始文件夹。",
    "weights_offline": "本机没有 {name}，且已设置 ERASER_LAB_OFFLINE=1。取消后运行 {command}，"
    "或用环境变量 {variable} 指定本地文件。",
    "weights_disk_full": "磁盘空间不足，无法保存 {name}。请清理空间，"
    "或用 ERASER_LAB_WEIGHTS 指定更大的磁盘。",
    "weights_folder": "无法保存 {name}：权重文件夹不可用（{reason}）。"
    "请用 ERASER_LAB_WEIGHTS 指定可写的文件夹。",
    "weights_changed": "本机的 {name} 与预期不符（SHA-256 不同），请运行 {command} 重新下载。",
    "weights_local_missing": "为 {name} 指定的本地文件 {file} 不存在或为空，请改正。",
    "weights_record": "权重记录文件已损坏，请删除后重新下载。",
    "weights_bug": "下载 {name} 时程序内部出错，日志中有更多信息。",
    "weights_scattered": "{name} 的文件分散在不同文件夹，"
    "请把 {variable} 设为包含整个模型的一个文件夹。",
    "weights_unreadable": "权重文件无法读取，请在其卡片上重新下载，"
    "或运行 python -m methods fetch NAME --again。",
    "unknown_weights": "没有这个权重文件，请重新加载页面。",
    # runs and the server
    "run_gone": "这台服务器上没有这次运行，或已被清理，请重新运行。",
    "too_many_runs": "一份报告最多包含 {limit} 次运行，请减少行数。",
    "run_used": "这次运行已经开始过，请再按一次“擦除”。",
    "run_in_progress": "此窗口已有运行在进行，请等待或先停止。",
    "busy": "服务器繁忙：有 {waiting} 个运行正在进行或等待，请稍后再试。",
    "too_fast": "请求过于频繁，请 {seconds} 秒后再试。",
    "bad_request": "无法理解该请求：{reason}。",
    "memory": "内存不足，请换一张更小的照片。",
    "disk_full": "服务器磁盘已满，需要管理员清理空间。",
    "stopped": "已停止。",
}
