using Hearth.Protocol;

namespace Hearth.Commands;

/// <summary>The input devices that <c>--input</c> names.</summary>
internal static class InputDevices
{
    /// <param name="text"><c>ps2</c> or <c>virtio</c>; after virtio <c>,touch</c>, <c>,pad</c> or both.</param>
    /// <returns>The virtio devices; PS/2 keyboard and mouse are there in any case.</returns>
    /// <exception cref="UsageException">There is no such device.</exception>
    public static IReadOnlyList<InputTarget> Parse(string text)
    {
        string[] words = text.Split(',');
        if (words is ["ps2"])
            return [];
        if (words[0] != "virtio")
            throw new UsageException($"--input {text} is neither ps2 nor virtio");
        List<InputTarget> devices = [InputTarget.Keyboard, InputTarget.Mouse, InputTarget.Tablet];
        foreach (string word in words[1..])
        {
            InputTarget device = word switch
            {
                "touch" => InputTarget.Touchscreen,
                "pad" => InputTarget.Gamepad,
                _ => throw new UsageException($"--input {text}: there is no {word}; there are touch and pad"),
            };
            if (!devices.Contains(device))
                devices.Add(device);
        }

        return devices;
    }
}
