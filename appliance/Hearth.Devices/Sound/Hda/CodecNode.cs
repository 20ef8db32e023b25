namespace Hearth.Devices.Sound.Hda;

/// <summary>The nodes of the codec by their numbers.</summary>
internal static class CodecNode
{
    public const int Root = 0;
    public const int FunctionGroup = 1;
    public const int FrontConverter = 2;
    public const int RearConverter = 3;
    public const int CentreConverter = 4;
    public const int InputConverter = 5;
    public const int FrontJack = 6;
    public const int RearJack = 7;
    public const int CentreJack = 8;
    public const int MicrophoneJack = 9;

    public const int FirstWidget = FrontConverter;
    public const int Count = MicrophoneJack + 1;

    /// <summary>Converters that play, each of two channels: front, rear, centre and low frequencies.</summary>
    public const int OutputConverterCount = 3;
}
