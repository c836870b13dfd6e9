def clerk_numbers(text: str) -> str:
    return text
