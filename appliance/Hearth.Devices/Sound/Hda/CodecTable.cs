namespace Hearth.Devices.Sound.Hda;

/// <summary>
/// What the codec's nodes say of themselves (Intel High Definition Audio 1.0a, section 7.3.4): an audio function group with three converters that play,
/// each to a jack of its own, and one that records from a microphone.
/// </summary>
internal static class CodecTable
{
    /// <summary>Steps of an amplifier: the highest is 0 dB, each below it 1 dB less.</summary>
    public const int UnityGain = 0x4A;

    /// <summary>Vendor and device; no driver knows it, so that the generic ones take it.</summary>
    private const uint Identity = 0x1AF4_0051;

    private const uint Revision = 0x0010_0101;
    private const uint SubsystemIdentity = 0x1AF4_1100;

    // 8 to 192 kHz; 16, 20, 24 and 32 bits.
    private const uint Formats = 0x001E_07FF;
    private const uint Pcm = 1;
    private const uint AllPowerStates = 0xF;
    private const uint AudioFunctionGroup = 1;
    private const uint BeepAndDelays = 0x0000_0808;

    private const uint Stereo = 1 << 0;
    private const uint InputAmplifier = 1 << 1;
    private const uint OutputAmplifier = 1 << 2;
    private const uint OwnAmplifier = 1 << 3;
    private const uint OwnFormat = 1 << 4;
    private const uint CanTell = 1 << 7;
    private const uint HasConnections = 1 << 8;
    private const uint TypeInputConverter = 1 << 20;
    private const uint TypePin = 4 << 20;

    private const uint PinPresence = 1 << 2;
    private const uint PinHeadphone = 1 << 3;
    private const uint PinOutput = 1 << 4;
    private const uint PinInput = 1 << 5;
    private const uint PinReferences = 0x1700; // off, 50 %, ground, 80 %

    // 1 dB a step (in quarters, less one), and mute.
    private const uint Amplifier = (1U << 31) | (3 << 16) | (UnityGain << 8) | UnityGain;

    /// <summary>The answer to GET PARAMETER; zero for what a node does not have.</summary>
    public static uint Parameter(int node, byte parameter) => (node, parameter) switch
    {
        (CodecNode.Root, 0x00) => Identity,
        (CodecNode.Root, 0x02) => Revision,
        (CodecNode.Root, 0x04) => (CodecNode.FunctionGroup << 16) | 1,
        (CodecNode.FunctionGroup, 0x04) => (CodecNode.FirstWidget << 16) | (CodecNode.Count - CodecNode.FirstWidget),
        (CodecNode.FunctionGroup, 0x05) => AudioFunctionGroup,
        (CodecNode.FunctionGroup, 0x08) => BeepAndDelays,
        (CodecNode.FunctionGroup, 0x0F) => AllPowerStates,
        (CodecNode.FunctionGroup, 0x0D or 0x12) => Amplifier,
        (>= CodecNode.FirstWidget, 0x09) => Widget(node),
        (CodecNode.FunctionGroup or (>= CodecNode.FrontConverter and <= CodecNode.InputConverter), 0x0A) => Formats,
        (CodecNode.FunctionGroup or (>= CodecNode.FrontConverter and <= CodecNode.InputConverter), 0x0B) => Pcm,
        (>= CodecNode.FrontJack, 0x0C) => Pin(node),
        (CodecNode.InputConverter, 0x0D) => Amplifier,
        (>= CodecNode.FrontConverter and <= CodecNode.CentreConverter, 0x12) => Amplifier,
        (>= CodecNode.InputConverter, 0x0E) => Source(node) == 0 ? 0U : 1U,
        _ => 0,
    };

    /// <summary>The one node that a node takes its sound from; zero for none.</summary>
    public static int Source(int node) => node switch
    {
        CodecNode.InputConverter => CodecNode.MicrophoneJack,
        CodecNode.FrontJack => CodecNode.FrontConverter,
        CodecNode.RearJack => CodecNode.RearConverter,
        CodecNode.CentreJack => CodecNode.CentreConverter,
        _ => 0,
    };

    /// <summary>
    /// What is at a jack (section 7.3.3.31): lines out that belong together, in the order front (green), centre (orange), rear (black), and a pink microphone.
    /// </summary>
    public static uint JackConfiguration(int node) => node switch
    {
        CodecNode.FrontJack => 0x0101_4010,
        CodecNode.RearJack => 0x0101_1012,
        CodecNode.CentreJack => 0x0101_6011,
        CodecNode.MicrophoneJack => 0x01A1_9020,
        CodecNode.FunctionGroup => SubsystemIdentity,
        _ => 0,
    };

    private static uint Widget(int node) => node switch
    {
        <= CodecNode.CentreConverter => Stereo | OutputAmplifier | OwnAmplifier | OwnFormat,
        CodecNode.InputConverter => TypeInputConverter | Stereo | InputAmplifier | OwnAmplifier | OwnFormat | HasConnections,
        CodecNode.MicrophoneJack => TypePin | Stereo | CanTell,
        _ => TypePin | Stereo | CanTell | HasConnections,
    };

    private static uint Pin(int node) => node switch
    {
        CodecNode.MicrophoneJack => PinInput | PinPresence | PinReferences,
        CodecNode.FrontJack => PinOutput | PinHeadphone | PinPresence,
        _ => PinOutput | PinPresence,
    };
}
