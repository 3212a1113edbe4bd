import dev.dunlin.Counter
import dev.dunlin.MergeableText
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.PrimitiveSerialDescriptor
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import java.time.LocalDate

/** A field, as the first release of the app knew it. */
@Serializable
data class FirstField(
    val name: String,
    @Serializable(DateSerializer::class) val sown: LocalDate,
    val beds: List<FirstBed> = emptyList(),
    val tags: Set<String> = emptySet(),
    val notes: MergeableText = MergeableText(),
    val hours: Counter = Counter(),
)

@Serializable
data class FirstBed(
    val id: String,
    val plants: List<Plant> = emptyList(),
)

/** A field, as the present release has it: with a crop, and water in each bed. */
@Serializable
data class Field(
    val name: String,
    @Serializable(DateSerializer::class) val sown: LocalDate,
    val crop: Crop = Crop.Fallow,
    val beds: List<Bed> = emptyList(),
    val tags: Set<String> = emptySet(),
    val notes: MergeableText = MergeableText(),
    val hours: Counter = Counter(),
)

@Serializable
data class Bed(
    val id: String,
    val plants: List<Plant> = emptyList(),
    val litres: Int = 0,
)

@Serializable
data class Plant(
    val id: String,
    val kind: String,
    val isTall: Boolean = false,
)

@Serializable
sealed interface Crop {
    @Serializable
    @SerialName("fallow")
    data object Fallow : Crop

    @Serializable
    @SerialName("grain")
    data class Grain(
        val variety: String,
        val kilograms: Double,
    ) : Crop
}

/** A date as text: 2026-04-01. */
object DateSerializer : KSerializer<LocalDate> {
    override val descriptor = PrimitiveSerialDescriptor("LocalDate", PrimitiveKind.STRING)

    override fun serialize(encoder: Encoder, value: LocalDate) = encoder.encodeString(value.toString())

    override fun deserialize(decoder: Decoder): LocalDate = LocalDate.parse(decoder.decodeString())
}
