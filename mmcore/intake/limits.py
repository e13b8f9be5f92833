"""Limits of what is read from outside; above them a file is refused with the limit named."""

MAX_FILE_BYTES = 200 * 2**20
MAX_TEXT_BYTES = 4 * 2**20  # of a note or of vitals
MAX_PIXELS = 50_000_000  # of one frame; the largest radiographs in use have about 20 million
MAX_CLIP_FRAMES = 2000  # of an echo clip; above it is refused
MAX_CLIP_SHOWN = 64  # frames of a clip that are kept to be stepped through, evenly spaced
MAX_CLIP_PIXELS = 50_000_000  # of all frames that are decoded
MAX_CT_VOXELS = 100_000_000  # of a CT series: 380 slices of 512 x 512
MAX_CT_FILES = 2000  # of one ZIP
MAX_WORDS = 20_000  # of a note; a discharge letter has about 1,000
MAX_PDF_PAGES = 50
MAX_VITALS_ROWS = 500
MAX_ECG_SAMPLES = 12 * 2000 * 3600  # an hour of twelve leads at 2 kHz

CHILD_MEMORY_BYTES = 1536 * 2**20
CHILD_CPU_SECONDS = 20
CHILD_WALL_SECONDS = 60  # longer than the processor time: a busy machine is no fault of the file
